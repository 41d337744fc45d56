import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { pointTo, renderPage, renderPlots } from "../../bench/page/page.ts";
import { type ResultsFile, readResults } from "../../bench/page/results-file.ts";

const docs = new URL("../../docs/", import.meta.url);
const page = readFileSync(new URL("benchmarks.md", docs), "utf8");

test("docs/benchmarks.md: its tables are those of the files in bench/results that it names", () => {
  assert.ok([...page.matchAll(/<!-- bench /g)].length > 5, "it names none");
  assert.equal(renderPage(page, readResults), page, "run: npm run bench:page");
});

test("docs/benchmarks.md: its charts are made from the same files, and each is shown", async () => {
  const plots = await renderPlots(page, readResults);
  const folder = new URL("benchmarks/", docs);
  const drawn = existsSync(folder) ? readdirSync(folder) : [];
  assert.deepEqual([...plots.keys()].toSorted(), drawn.toSorted());
  for (const [name, svg] of plots) {
    assert.equal(readFileSync(new URL(name, folder), "utf8"), svg, `${name}: run npm run bench:page`);
    assert.ok(page.includes(`](benchmarks/${name})`), `${name} is not shown`);
    assert.match(svg, /prefers-color-scheme:dark/);
  }
});

const results: ResultsFile = {
  date: "2026-01-02T03:04:05.000Z",
  node: "v24.0.0",
  platform: "linux x64",
  cpu: "CPU",
  cores: 2,
  memoryGiB: 4,
  loadBefore: 0.25,
  packages: { fastify: "5.0.0" },
  generator: "wrk",
  options: { rounds: 9, seconds: 1 },
  parts: [
    {
      part: "a",
      title: "(a)",
      table: { columns: ["", "ms"], rows: [["offloop", "1.5"]] },
      notes: ["a note"],
      goals: [{ what: "fast", figure: 1.234, bound: 1, direction: "at least", met: true }],
      measured: [],
    },
  ],
};
const block = (what: string, file = "old.json"): string =>
  `<!-- bench ${what} ${file} -->\nold\n<!-- end -->`;

test("renderPage() writes a part's table and notes between its markers, and leaves the rest", () => {
  assert.equal(
    renderPage(`before\n${block("a")}\nafter`, () => results),
    "before\n<!-- bench a old.json -->\n\n|  | ms |\n| --- | ---: |\n| offloop | 1.5 |\n\n- a note\n\n<!-- end -->\nafter",
  );
});

test("renderPage() writes goals with what was measured, and the machine", () => {
  const goals = renderPage(block("goals:a"), () => results);
  assert.match(goals, /\| fast \| 1\.23 \| at least 1 \| met \|/);
  const machine = renderPage(block("machine:a"), () => results);
  assert.match(machine, /Measured 2026-01-02 on 2 cores of CPU with 4 GiB, Node v24\.0\.0/);
});

test("renderPage() throws for a part that the run has not measured", () => {
  assert.throws(() => renderPage(block("b"), () => results), /the run of 2026-01-02\S* has not measured b/);
});

test("renderPage() says so where nothing is measured yet", () => {
  const page = renderPage(block("b", "-"), () => results);
  assert.equal(page, "<!-- bench b - -->\n\nNot measured yet.\n\n<!-- end -->");
});

test("pointTo() names the newer file where it has all that a stretch shows", () => {
  const before = ["a", "goals:a", "goals:a+b", "b"].map((what) => block(what)).join("\n");
  const after = [block("a", "new.json"), block("goals:a", "new.json"), block("goals:a+b"), block("b")];
  assert.equal(pointTo(before, "new.json", results), after.join("\n"));
});
