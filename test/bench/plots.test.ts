import assert from "node:assert/strict";
import { test } from "node:test";
import { plot, plottedParts } from "../../bench/page/plots.ts";
import type { ResultsFile } from "../../bench/page/results-file.ts";

const latency = { p50: 0.5, p90: 2, p99: 900, max: 1_000 };
const longest = "offloop, threads.min 6, threads.priority 0";
const side = (name: string): object => ({
  name,
  loaded: latency,
  others: latency,
  shortMs: { median: 3 },
  doneBefore: 10,
  doneAfter: 180,
  lost: 10,
});
const results = {
  date: "2026-01-02T03:04:05.000Z",
  parts: plottedParts.map((part) => ({
    part,
    measured: [{ ...side("Fastify & co"), freeMs: 1_200 }, side("offloop"), side(longest)],
  })),
} as unknown as ResultsFile;

for (const part of plottedParts)
  test(`plot() draws ${part} for light and dark pages, a row for each side, the same each time`, async () => {
    const svg = await plot(results, part);
    assert.match(svg, /^<svg [^>]*><style>[^<]*prefers-color-scheme:dark/);
    for (const name of ["Fastify &amp; co", "offloop", longest]) assert.ok(svg.includes(name), name);
    assert.ok(svg.includes("currentColor"));
    assert.match(svg, / width="412"/, "as wide as a phone shows it");
    assert.doesNotMatch(svg, /NaN|undefined/);
    assert.equal(await plot(results, part), svg);
  });

test("plot() throws for a part without a chart, and for one that was not measured", async () => {
  await assert.rejects(async () => plot(results, "a"), /no chart of a/);
  await assert.rejects(
    async () => plot({ ...results, parts: [] }, "freeze-kill"),
    /has not measured freeze-kill/,
  );
});
