import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { testClient } from "offloop/testing";
import { otherCapabilities, reasons } from "./chapters.ts";
import { difference } from "./compare.ts";
import { documentDifference, documentReasons, isDocument } from "./compare-openapi.ts";
import { appName, type Case, type Chapter, type Exchange, readChapters } from "./vector.ts";

/** What came of a chapter. */
interface Tally {
  readonly chapter: string;
  exchanges: number;
  equal: number;
  /** OpenAPI documents that are equal. */
  documents: number;
  /** Exchanges of a later capability, or of apps that are not written. */
  skipped: number;
  readonly different: string[];
  /** Those that cannot be equal, with why. */
  readonly reasoned: string[];
  readonly note: string;
}

const { values } = parseArgs({
  options: {
    vectors: { type: "string", default: "../shared/vectors" },
    lane: { type: "string", default: "as-written" },
    chapter: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
if (values.lane !== "as-written") process.env.OFFLOOP_CONFORMANCE_LANE = values.lane;

const pages = /\/(docs|redoc)$/;

async function replayChapter(chapter: Chapter): Promise<Tally> {
  const exchanges = chapter.cases.flatMap((one) => one.exchanges);
  const module = new URL(`./apps/${chapter.chapter.replace(/_$/, "")}.ts`, import.meta.url);
  const later = otherCapabilities[chapter.chapter];
  const note = later !== undefined ? `later: ${later}` : existsSync(module) ? "" : "not written";
  const tally: Tally = {
    chapter: chapter.chapter,
    exchanges: exchanges.length,
    equal: 0,
    documents: 0,
    skipped: 0,
    different: [],
    reasoned: [],
    note,
  };
  if (note !== "") {
    tally.skipped = exchanges.length;
    return tally;
  }
  const apps = (await import(module.href)) as Record<string, unknown>;
  for (const name of new Set(chapter.cases.flatMap(({ apps }) => apps.map(appName)))) {
    const cases = chapter.cases.filter((one) => one.apps.some((app) => appName(app) === name));
    if (name in apps) await replayApp(chapter, module, name, cases, tally);
    else tally.skipped += cases.flatMap((one) => one.exchanges).length;
  }
  return tally;
}

async function replayApp(
  chapter: Chapter,
  module: URL,
  name: string,
  cases: Case[],
  tally: Tally,
): Promise<void> {
  await using client = await testClient(new URL(`#${name}`, module));
  for (const exchange of cases.flatMap((one) => one.exchanges)) {
    if (exchange.kind !== "http") {
      tally.skipped++;
      continue;
    }
    const { method, url } = exchange.request;
    if (pages.test(url.split("?")[0] ?? "")) {
      tally.skipped++;
      continue;
    }
    const response = await client.request(method, url, requestOf(chapter, exchange));
    const recorded = exchange.response.body?.json;
    const found = isDocument(recorded)
      ? documentDifference(await response.json().catch(() => undefined), recorded)
      : await difference(exchange, response);
    const where = `${chapter.chapter} ${name} ${method} ${url} -> ${exchange.response.status}`;
    const reason = reasons[where] ?? documentReasons[where];
    if (found === undefined && isDocument(recorded)) tally.documents++;
    else if (found === undefined) tally.equal++;
    else if (reason !== undefined) tally.reasoned.push(`${where}: ${reason} (${found})`);
    else tally.different.push(`${where}: ${found}`);
  }
}

function requestOf(
  chapter: Chapter,
  { request }: Exchange,
): { headers: [string, string][]; body?: Uint8Array<ArrayBuffer> } {
  const omitted = new Set(request.omit_default_headers ?? []);
  const own = new Set((request.headers ?? []).map(([name]) => name.toLowerCase()));
  const headers = [...(request.headers ?? [])];
  for (const [name, value] of Object.entries(chapter.default_request_headers))
    if (!omitted.has(name) && !own.has(name)) headers.push([name, value]);
  const { body } = request;
  if (body === undefined || body === null) return { headers };
  const bytes = body.base64 === undefined ? Buffer.from(body.text ?? "") : Buffer.from(body.base64, "base64");
  return { headers, body: Uint8Array.from(bytes) };
}

const tallies: Tally[] = [];
for (const chapter of readChapters(values.vectors))
  if (values.chapter === undefined || chapter.chapter.startsWith(values.chapter))
    tallies.push(await replayChapter(chapter));
for (const { different } of tallies)
  for (const line of different) console.log(values.verbose ? line : line.slice(0, 400));
console.table(
  tallies.map(({ chapter, exchanges, equal, different, reasoned, documents, skipped, note }) => ({
    chapter,
    exchanges,
    equal,
    different: different.length,
    "with reason": reasoned.length,
    "OpenAPI equal": documents,
    skipped,
    note,
  })),
);
const total = (pick: (tally: Tally) => number): number => tallies.reduce((sum, one) => sum + pick(one), 0);
console.log(
  `${values.lane}: ${total(({ equal }) => equal)} equal, ${total(({ different }) => different.length)} different, ${total(({ reasoned }) => reasoned.length)} with a reason, ${total(({ documents }) => documents)} OpenAPI documents equal, ${total(({ skipped }) => skipped)} skipped, of ${total(({ exchanges }) => exchanges)}`,
);
