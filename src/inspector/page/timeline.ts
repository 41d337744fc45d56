import { drawBars, drawLanes } from "./bars.ts";
import { clockText, tickText } from "./duration.ts";
import { find } from "./element.ts";
import { heightOf } from "./rows.ts";
import type { Area, Scene } from "./scene.ts";
import type { Stretch } from "./view.ts";
import type { WaitingCounts } from "./waiting.ts";

const AXIS_HEIGHT = 30;
const WAITING_HEIGHT = 84;

/** Where the lanes are in their element, in page pixels. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

/** The two plots over one time axis: the lanes, and below them the waiting runs. */
export class Timeline {
  readonly lanes: uPlot;
  readonly #waiting: uPlot;
  readonly #lanesElement = find("#lanes");
  readonly #onDraw: (place: Place) => void;
  #scene: Scene;

  /**
   * @param onSelect - Called with the period that the pointer has selected.
   * @param onDraw - Called with the position of the lanes once they are drawn: a new size applies only then.
   */
  constructor(scene: Scene, onSelect: (stretch: Stretch) => void, onDraw: (place: Place) => void) {
    this.#scene = scene;
    this.#onDraw = onDraw;
    const width = this.#lanesElement.clientWidth;
    const size = { width, height: this.#height(scene) };
    this.lanes = new uPlot(this.#lanesOptions(size, onSelect), emptyData(scene), this.#lanesElement);
    this.#waiting = new uPlot(this.#waitingOptions(width, onSelect), [[], []], find("#waiting"));
  }

  draw(scene: Scene, waiting: WaitingCounts): void {
    this.#scene = scene;
    const { clientWidth: width } = this.#lanesElement;
    const height = this.#height(scene);
    if (width !== this.lanes.width || height !== this.lanes.height) this.lanes.setSize({ width, height });
    if (width !== this.#waiting.width) this.#waiting.setSize({ width, height: WAITING_HEIGHT });
    this.lanes.setData(emptyData(scene));
    const { from, to } = scene.stretch;
    const { origin } = scene.store;
    this.#waiting.setData([
      [...waiting.times, to].map((time) => origin + time),
      [...waiting.counts, waiting.counts.at(-1) ?? 0],
    ]);
    this.#waiting.setScale("x", { min: origin + from, max: origin + to });
  }

  #height({ rows }: Scene): number {
    return heightOf(rows) + AXIS_HEIGHT;
  }

  #lanesOptions(
    size: { width: number; height: number },
    onSelect: (stretch: Stretch) => void,
  ): uPlot.Options {
    const { quiet, line } = this.#colours();
    return {
      ...size,
      ...this.#commonOptions(onSelect),
      scales: { x: { time: true, range: () => this.#range() }, y: { range: [0, 1] } },
      axes: [
        {
          side: 0,
          size: AXIS_HEIGHT,
          stroke: quiet,
          grid: { stroke: line },
          ticks: { show: false },
          gap: 10,
          ...timeAxis,
        },
        { scale: "y", size: GUTTER, values: () => [], grid: { show: false }, ticks: { show: false } },
      ],
      series: [{}, { show: false }],
      plugins: [
        {
          hooks: {
            drawClear: (plot) => drawLanes(plot.ctx, areaOf(plot), this.#scene), // below the grid
            draw: (plot) => {
              drawBars(plot.ctx, areaOf(plot), this.#scene);
              const { offsetLeft, offsetTop, clientWidth } = plot.over;
              this.#onDraw({ left: offsetLeft, top: offsetTop, width: clientWidth });
            },
          },
        },
      ],
    };
  }

  #waitingOptions(width: number, onSelect: (stretch: Stretch) => void): uPlot.Options {
    const { quiet, line, accent } = this.#colours();
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    return {
      width,
      height: WAITING_HEIGHT,
      ...this.#commonOptions(onSelect),
      padding: [8, RIGHT_PADDING, 0, 0],
      scales: {
        x: { time: true, range: () => this.#range() },
        y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil((max ?? 0) * 1.1))] },
      },
      axes: [
        {
          size: 8,
          ...timeAxis,
          values: () => [],
          grid: { stroke: line },
          ticks: { show: false },
        },
        {
          size: GUTTER,
          stroke: quiet,
          grid: { stroke: line },
          ticks: { show: false },
          space: 24,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000],
        },
      ],
      series: [
        {},
        {
          stroke: accent,
          fill: () => translucent(accent()),
          width: 1.5,
          points: { show: false },
          ...(stepped && { paths: stepped }),
        },
      ],
    };
  }

  #commonOptions(
    onSelect: (stretch: Stretch) => void,
  ): Pick<uPlot.Options, "ms" | "legend" | "padding" | "cursor" | "hooks"> {
    return {
      ms: 1,
      legend: { show: false },
      padding: [0, RIGHT_PADDING, 0, 0],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        sync: { key: "time" },
        bind: { dblclick: () => null },
      },
      hooks: { setSelect: [(plot) => this.#take(plot, onSelect)] },
    };
  }

  /** Read on each drawing, since the theme may have changed. */
  #colours(): Readonly<Record<"quiet" | "line" | "accent", () => string>> {
    return {
      quiet: () => this.#scene.palette.quiet,
      line: () => this.#scene.palette.line,
      accent: () => this.#scene.palette.accent,
    };
  }

  #range(): [number, number] {
    const { store, stretch } = this.#scene;
    return [store.origin + stretch.from, store.origin + stretch.to];
  }

  #take(plot: uPlot, onSelect: (stretch: Stretch) => void): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const { origin } = this.#scene.store;
    onSelect({
      from: plot.posToVal(left, "x") - origin,
      to: plot.posToVal(left + width, "x") - origin,
    });
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
}

function areaOf({ bbox }: uPlot): Area {
  return { ...bbox, ratio: uPlot.pxRatio };
}

/** The lanes' plot has no series of its own: only its time axis, cursor and drawing hook are used. */
function emptyData({ store, stretch }: Scene): uPlot.AlignedData {
  return [
    [store.origin + stretch.from, store.origin + stretch.to],
    [null, null],
  ];
}

function translucent(colour: string): string {
  return `color-mix(in oklab, ${colour} 18%, transparent)`;
}

/** Pixels left of the drawing, for the names of the lanes. */
const GUTTER = 72;
/** Pixels right of the drawing, for the overhang of a label. */
const RIGHT_PADDING = 8;
const TICK_SPACE = 76;

/** Both plots have the same times at the same positions. */
const timeAxis: Pick<uPlot.Axis, "space" | "splits" | "values"> = {
  space: TICK_SPACE,
  splits: splitsOf,
  values: tickTexts,
};

// biome-ignore-start lint/complexity/useMaxParams: uPlot calls them
/** The first one in full: where seconds are divided, the others do not tell the minute. Leaves out what would be cut off. */
function tickTexts(plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  const most = plot.width - GUTTER - TICK_SPACE / 2;
  return splits.map((time, at) => {
    if (plot.valToPos(time, "x") > most) return "";
    return at === 0 && step < 1000 ? clockText(time) : tickText(time, step);
  });
}

/** Multiples of the step that uPlot has found suitable. */
function splitsOf(_plot: uPlot, _axis: number, min: number, max: number, step: number): number[] {
  const first = Math.ceil(min / step);
  return Array.from({ length: Math.floor(max / step) - first + 1 }, (_, at) => (first + at) * step);
}
// biome-ignore-end lint/complexity/useMaxParams: see above
