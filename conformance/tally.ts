import type { Chapter } from "./vector.ts";

/** The result of a chapter. Every exchange is counted in exactly one of these. */
export interface Tally {
  readonly chapter: string;
  readonly exchanges: number;
  equal: number;
  /** OpenAPI documents that are equal. */
  documents: number;
  /** Exchanges of a capability that comes later. */
  later: number;
  /** The names of such capabilities. */
  readonly capabilities: Set<string>;
  readonly different: string[];
  /** Exchanges that cannot be equal, with the reason. */
  readonly reasoned: string[];
  /** Where a reason is given, in `chapters.ts` or `compare-openapi.ts`, and was needed. */
  readonly usedReasons: Set<string>;
}

/** The tally of a chapter before anything was replayed. */
export function emptyTally({ chapter, cases }: Chapter): Tally {
  const exchanges = cases.reduce((sum, one) => sum + one.exchanges.length, 0);
  return {
    chapter,
    exchanges,
    equal: 0,
    documents: 0,
    later: 0,
    capabilities: new Set(),
    different: [],
    reasoned: [],
    usedReasons: new Set(),
  };
}

/** Counts exchanges of a capability that comes later. */
export function countLater(tally: Tally, capability: string, exchanges: number): void {
  tally.later += exchanges;
  tally.capabilities.add(capability);
}

/** The reasons given for exchanges of these chapters that are now equal, or not recorded. */
export function staleReasons(tallies: readonly Tally[], given: Readonly<Record<string, string>>): string[] {
  const chapters = new Map(tallies.map((tally) => [tally.chapter, tally]));
  return Object.keys(given).filter((where) => {
    const tally = chapters.get(where.split(" ")[0] ?? "");
    return tally !== undefined && !tally.usedReasons.has(where);
  });
}

/** One row for each chapter. */
export function tableOf(tallies: readonly Tally[]): Record<string, Record<string, number | string>> {
  return Object.fromEntries(
    tallies.map(({ chapter, exchanges, equal, different, reasoned, documents, later, capabilities }) => [
      chapter,
      {
        exchanges,
        equal,
        different: different.length,
        "with reason": reasoned.length,
        "OpenAPI equal": documents,
        later,
        capability: [...capabilities].join(", "),
      },
    ]),
  );
}

/** All chapters in one line, which adds up. */
export function summaryOf(lane: string, tallies: readonly Tally[]): string {
  const total = (pick: (tally: Tally) => number): number => tallies.reduce((sum, one) => sum + pick(one), 0);
  return [
    `${lane}: ${total(({ exchanges }) => exchanges)} exchanges: ${total(({ equal }) => equal)} equal`,
    `${total(({ different }) => different.length)} different`,
    `${total(({ reasoned }) => reasoned.length)} different with a reason`,
    `${total(({ documents }) => documents)} OpenAPI documents equal`,
    `${total(({ later }) => later)} of capabilities that come later`,
  ].join(", ");
}

/** Nothing is different without a reason, and nothing went uncounted. */
export function isClean(tallies: readonly Tally[]): boolean {
  return tallies.every(
    ({ exchanges, equal, documents, later, different, reasoned }) =>
      different.length === 0 && exchanges === equal + documents + later + reasoned.length,
  );
}
