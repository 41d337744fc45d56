import { tickText } from "./duration.ts";

/** Left of the drawing, in pixels: for the names of the lanes. */
export const GUTTER = 72;
/** Right of the drawing, in pixels: what of a label reaches beyond. */
export const RIGHT_PADDING = 8;
const TICK_SPACE = 76;

/** Both plots have the same times at the same places. */
export const timeAxis: Pick<uPlot.Axis, "space" | "splits" | "values"> = {
  space: TICK_SPACE,
  splits: splitsOf,
  values: tickTexts,
};

/** What would be cut off at the right edge is left out. */
function tickTexts(plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  const most = plot.width - GUTTER - TICK_SPACE / 2;
  return splits.map((time) => (plot.valToPos(time, "x") > most ? "" : tickText(time, step)));
}

/** Multiples of the step that uPlot has found to fit. */
function splitsOf(_plot: uPlot, _axis: number, min: number, max: number, step: number): number[] {
  const first = Math.ceil(min / step);
  return Array.from({ length: Math.floor(max / step) - first + 1 }, (_, at) => (first + at) * step);
}
