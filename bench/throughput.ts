import { type Goal, goalCells } from "./goal.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { Bench, PartResult } from "./part.ts";
import { type ServerFile, withServer } from "./server-process.ts";
import type { ServerSettings } from "./servers/settings.ts";
import { pairedRatios, type Summary, summarize } from "./statistics.ts";
import { formatNumber, formatRange } from "./table.ts";

/** As many as Fastify's own benchmarks use; without pipelining, which browsers and proxies do not use. */
const CONNECTIONS = 100;
/** Some ten thousand requests. */
const WARM_UP_SECONDS = 1;
const ANSWER_WITHIN_MS = 10_000;

/** One server and what is asked of it. */
export interface Side {
  readonly name: string;
  readonly file: ServerFile;
  readonly settings?: Partial<ServerSettings>;
  readonly path: string;
  /** The body it must answer with: sides that do different work must not be compared. */
  readonly body: string;
}

/** What a side is measured against. */
export interface Comparison {
  readonly ours: string;
  readonly peer: string;
  /** Makes a goal of the median ratio. */
  readonly goal?: (what: string, ratio: number) => Goal;
}

export interface Throughput {
  readonly name: string;
  /** Its response's headers, as `name: value`, without those whose value is another each time. */
  readonly headers: readonly string[];
  /** Requests per second, a figure a round. */
  readonly rounds: readonly number[];
  readonly summary: Summary;
}

/**
 * Measures all sides in turn, round after round. Each time in a new process: how well V8 has compiled a program differs
 * from one start to the next, and must not be taken for a difference between programs.
 */
export async function measureThroughput(
  sides: readonly Side[],
  { options, generator, say }: Bench,
  rounds: number = options.rounds,
): Promise<Throughput[]> {
  const figures = sides.map((): number[] => []);
  const headers: (readonly string[])[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const [at, side] of sides.entries()) {
      const measured = await measureSide(side, generator, options.seconds);
      figures[at]?.push(measured.rate);
      headers[at] = measured.headers;
      say(`round ${round} of ${rounds}: ${side.name} ${formatNumber(measured.rate)} requests/s`);
    }
  }
  return sides.map(({ name }, at) => {
    const own = figures[at] ?? [];
    return { name, headers: headers[at] ?? [], rounds: own, summary: summarize(own) };
  });
}

function measureSide(
  side: Side,
  generator: LoadGenerator,
  seconds: number,
): Promise<{ rate: number; headers: string[] }> {
  return withServer(side.file, side.settings ?? {}, async (server) => {
    const url = `${server.url}${side.path}`;
    const headers = await checkAnswer(side, url);
    await generator.start(url, CONNECTIONS, WARM_UP_SECONDS).rate;
    const rate = await generator.start(url, CONNECTIONS, seconds).rate;
    await checkAnswer(side, url); // a server that stopped answering half-way would only seem slow
    return { rate, headers };
  });
}

async function checkAnswer({ name, body }: Side, url: string): Promise<string[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch((cause) => {
    throw new Error(`${name}: no answer from ${url} within ${ANSWER_WITHIN_MS} ms`, { cause });
  });
  const text = await response.text();
  if (response.status !== 200 || text !== body)
    throw new Error(`${name}: expected ${body}, got ${response.status} ${text}`);
  return [...response.headers]
    .filter(([header]) => header !== "content-length" && header !== "date")
    .map(([header, value]) => (header === "x-request-id" ? header : `${header}: ${value}`));
}

/** Says in which headers the sides differ: more of them is more work. */
function headerNote(sides: readonly Throughput[]): string {
  const common = (header: string): boolean => sides.every(({ headers }) => headers.includes(header));
  const differing = Map.groupBy(sides, ({ headers }) =>
    headers.filter((header) => !common(header)).join(", "),
  );
  if (differing.size < 2) return "all send the same headers";
  const groups = [...differing].map(
    ([headers, own]) => `${headers || "none"} (${own.map(({ name }) => name).join("; ")})`,
  );
  return `headers that not all send: ${groups.join(" | ")}`;
}

/** The measured sides as a table: a row a side, its comparisons beside it. */
export function throughputResult(
  title: string,
  sides: readonly Throughput[],
  comparisons: readonly Comparison[],
  notes: readonly string[],
): PartResult {
  const compared = comparisons.map((comparison) => compare(comparison, sides));
  const rows = sides.flatMap(({ name, summary }) => {
    const figures = [name, formatNumber(summary.median), formatRange(summary)];
    const own = compared.filter(({ ours }) => ours === name);
    if (own.length === 0) return [figures];
    return own.map(({ peer, ratio, goal }, at) => [
      ...(at === 0 ? figures : ["", "", ""]),
      peer,
      formatNumber(ratio.median, 2),
      formatRange(ratio, 2),
      ...goalCells(goal),
    ]);
  });
  return {
    title,
    table: {
      columns: ["requests per second", "median", "min - max", "against", "ratio", "min - max", "goal", ""],
      rows,
    },
    notes: [headerNote(sides), ...notes],
    goals: compared.flatMap(({ goal }) => goal ?? []),
    measured: { sides, comparisons: compared },
  };
}

interface Compared {
  readonly ours: string;
  readonly peer: string;
  readonly ratios: readonly number[];
  readonly ratio: Summary;
  readonly goal: Goal | undefined;
}

function compare({ ours, peer, goal }: Comparison, sides: readonly Throughput[]): Compared {
  const roundsOf = (name: string): readonly number[] =>
    sides.find((side) => side.name === name)?.rounds ?? [];
  const ratios = pairedRatios(roundsOf(ours), roundsOf(peer));
  const ratio = summarize(ratios);
  return { ours, peer, ratios, ratio, goal: goal?.(`${ours} / ${peer}`, ratio.median) };
}
