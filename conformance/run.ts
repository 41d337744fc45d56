import { parseArgs } from "node:util";
import { reasons } from "./chapters.ts";
import { documentReasons } from "./compare-openapi.ts";
import { replayChapter } from "./replay.ts";
import { isClean, staleReasons, summaryOf, tableOf } from "./tally.ts";
import { findVectors, readChapters } from "./vector.ts";

const { values } = parseArgs({
  options: {
    vectors: { type: "string" },
    lane: { type: "string", default: "as-written" },
    chapter: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
// The apps read it when they are imported, here and in every thread.
if (values.lane !== "as-written") process.env.OFFLOOP_CONFORMANCE_LANE = values.lane;

const chapters = readChapters(values.vectors ?? findVectors(process.cwd())).filter(
  ({ chapter }) => values.chapter === undefined || chapter.startsWith(values.chapter),
);
const tallies = [];
for (const chapter of chapters) tallies.push(await replayChapter(chapter));

for (const { reasoned } of tallies) for (const line of reasoned) console.log(`reason: ${shown(line)}`);
for (const { different } of tallies) for (const line of different) console.log(`DIFFERENT: ${shown(line)}`);
const stale = staleReasons(tallies, { ...reasons, ...documentReasons });
for (const where of stale) console.log(`STALE: ${where} needs no reason`);
console.table(tableOf(tallies));
console.log(summaryOf(values.lane, tallies));
process.exitCode = isClean(tallies) && stale.length === 0 ? 0 : 1;

function shown(line: string): string {
  return values.verbose ? line : line.slice(0, 400);
}
