import type { Percentiles } from "../latency.ts";
import type { Summary } from "../statistics.ts";
import { type Chart, colours, drawSvg, type Mark } from "./chart.ts";
import { partOf, type ResultsFile } from "./results-file.ts";

/** The chart of each part, from what was measured. */
const charts: Readonly<Record<string, (measured: never) => Chart>> = {
  "freeze-computing": (sides: readonly { readonly name: string; readonly loaded: Percentiles }[]) =>
    latencyChart(sides.map(({ name, loaded }) => [name, loaded])),
  "freeze-tasks": (sides: readonly { readonly name: string; readonly others: Percentiles }[]) =>
    latencyChart(sides.map(({ name, others }) => [name, others])),
  "freeze-short": (sides: readonly { readonly name: string; readonly shortMs: Summary }[]) => ({
    kind: "dots",
    axis: "the short request, ms (logarithmic)",
    series: { median: colours.plain },
    marks: sides.map(({ name, shortMs }) => ({ name, series: "median", value: shortMs.median })),
  }),
  "freeze-runaway": (sides: readonly { readonly name: string; readonly freeMs?: number }[]) => ({
    kind: "bars",
    axis: "the core is taken, s",
    series: { "until it was free": colours.good, "still taken after 5 s": colours.bad },
    marks: sides.map(({ name, freeMs }) =>
      freeMs === undefined
        ? { name, series: "still taken after 5 s", value: 5 }
        : { name, series: "until it was free", value: freeMs / 1_000 },
    ),
  }),
  "freeze-kill": (
    sides: readonly {
      readonly name: string;
      readonly doneBefore: number;
      readonly doneAfter: number;
      readonly lost: number;
    }[],
  ) => ({
    kind: "bars",
    axis: "jobs",
    series: { "done before": colours.plain, "done after": colours.good, lost: colours.bad },
    marks: sides.flatMap(({ name, doneBefore, doneAfter, lost }): Mark[] => [
      { name, series: "done before", value: doneBefore },
      { name, series: "done after", value: doneAfter },
      { name, series: "lost", value: lost },
    ]),
  }),
};

/** The parts that have charts. */
export const plottedParts: readonly string[] = Object.keys(charts);

/** @returns An SVG. */
export function plot(results: ResultsFile, part: string): Promise<string> {
  const chartOf = charts[part];
  if (chartOf === undefined) throw new Error(`there is no chart of ${part}`);
  return drawSvg(chartOf(partOf(results, part).measured as never));
}

function latencyChart(sides: readonly (readonly [name: string, Percentiles])[]): Chart {
  return {
    kind: "dots",
    axis: "GET /, ms (logarithmic)",
    series: { p50: colours.good, p90: colours.middle, p99: colours.bad },
    marks: sides.flatMap(([name, { p50, p90, p99 }]) => [
      { name, series: "p50", value: p50 },
      { name, series: "p90", value: p90 },
      { name, series: "p99", value: p99 },
    ]),
  };
}
