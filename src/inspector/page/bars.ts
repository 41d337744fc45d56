import { bandOf, type Row, type Scene } from "./scene.ts";
import { hasFailed } from "./store.ts";
import { colourOf, type Palette } from "./theme.ts";

/** Where on a canvas the lanes are, in its own pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Canvas pixels for one of the page's. */
  readonly ratio: number;
}

const LABEL_WIDTH = 64;
const FILTERED_ALPHA = 0.12;
const IN_PROGRESS_ALPHA = 0.4;
/** What runs on the loop does not hold it, so other things show through. */
const LOOP_ALPHA = 0.75;

/** Draws the lanes themselves. */
export function drawLanes(canvas: CanvasRenderingContext2D, area: Area, { rows, palette }: Scene): void {
  canvas.save();
  canvas.fillStyle = palette.lane;
  for (const { top, height, gone } of rows) {
    canvas.globalAlpha = gone ? 0.5 : 1;
    canvas.fillRect(area.left, area.top + top * area.ratio, area.width, height * area.ratio);
  }
  canvas.restore();
}

/** Draws what ran on the lanes, and what is presumed to run on them now. */
export function drawBars(canvas: CanvasRenderingContext2D, area: Area, scene: Scene): void {
  canvas.save();
  canvas.beginPath();
  canvas.rect(area.left, area.top, area.width, area.height);
  canvas.clip();
  new Brush(canvas, area, scene).drawAll();
  canvas.restore();
}

interface Bar {
  readonly name: number;
  readonly slot: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly alpha: number;
  readonly failed: boolean;
}

/** Where something is drawn, in pixels of the canvas. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

class Brush {
  readonly #canvas: CanvasRenderingContext2D;
  readonly #area: Area;
  readonly #scene: Scene;
  readonly #palette: Palette;
  /** Per row and slot, the last pixel that has a bar: what is shorter than one would be drawn on it again. */
  readonly #painted = new Map<number, number>();

  constructor(canvas: CanvasRenderingContext2D, area: Area, scene: Scene) {
    this.#canvas = canvas;
    this.#area = area;
    this.#scene = scene;
    this.#palette = scene.palette;
    canvas.font = `${11 * area.ratio}px system-ui, sans-serif`;
    canvas.textBaseline = "middle";
    canvas.textAlign = "left";
  }

  drawAll(): void {
    const { rows, store, stretch, filter, now } = this.#scene;
    const byThread = new Map(rows.map((row) => [row.thread, row]));
    const alphaOf = (name: number, thread: number): number =>
      !filter.matches(name) ? FILTERED_ALPHA : thread === 0 ? LOOP_ALPHA : 1;
    for (const run of store.runs) {
      if (run.thread === null || run.endedAt < stretch.from || run.startedAt > stretch.to) continue;
      const row = byThread.get(run.thread);
      if (row !== undefined)
        this.#drawBar(row, { ...run, alpha: alphaOf(run.name, run.thread), failed: hasFailed(run) });
    }
    for (const run of store.presumed()) {
      const row = run.thread === undefined ? undefined : byThread.get(run.thread);
      if (row === undefined || run.startedAt > stretch.to) continue;
      const alpha = filter.matches(run.name) ? IN_PROGRESS_ALPHA : FILTERED_ALPHA;
      this.#drawBar(row, { ...run, endedAt: now, alpha, failed: false });
    }
  }

  #drawBar(row: Row, bar: Bar): void {
    const canvas = this.#canvas;
    const { ratio } = this.#area;
    const band = bandOf(row, bar.slot);
    const left = Math.max(this.#area.left - 4 * ratio, this.#x(bar.startedAt));
    const width = Math.max(ratio, this.#x(bar.endedAt) - left);
    const key = row.thread * 65_536 + Math.floor(band.top * ratio);
    const painted = this.#painted.get(key) ?? Number.NEGATIVE_INFINITY;
    if (width <= ratio && left < painted && left > painted - 2 * ratio && !bar.failed) return;
    this.#painted.set(key, left + width);
    canvas.globalAlpha = bar.alpha;
    canvas.fillStyle = colourOf(this.#palette, bar.name);
    const gap = band.height > 4 ? ratio : 0;
    const [top, height] = [this.#y(band.top), band.height * ratio - gap];
    const box = { left, top, width, height };
    if (width < 5 * ratio || height < 5 * ratio) canvas.fillRect(left, top, width, height);
    else this.#fillRound(box);
    if (bar.failed) this.#drawFailure(box);
    if (width > LABEL_WIDTH * ratio && height >= 11 * ratio) this.#drawLabel(bar, box);
  }

  #fillRound({ left, top, width, height }: Box): void {
    this.#canvas.beginPath();
    this.#canvas.roundRect(left, top, width, height, 3 * this.#area.ratio);
    this.#canvas.fill();
  }

  #drawFailure({ left, top, width, height }: Box): void {
    this.#canvas.fillStyle = this.#palette.blocked;
    this.#canvas.globalAlpha = 1;
    const edge = Math.min(height, 3 * this.#area.ratio);
    this.#canvas.fillRect(left, top + height - edge, width, edge);
  }

  #drawLabel({ name, alpha }: Bar, { left, top, width, height }: Box): void {
    if (alpha === FILTERED_ALPHA) return;
    const { ratio } = this.#area;
    const canvas = this.#canvas;
    const from = Math.max(left, this.#area.left);
    const room = left + width - from - 12 * ratio;
    if (room < (LABEL_WIDTH - 12) * ratio) return;
    const text = this.#scene.store.names[name]?.name ?? "";
    canvas.globalAlpha = 1;
    canvas.fillStyle = alpha === IN_PROGRESS_ALPHA ? this.#palette.ink : this.#palette.onRun;
    const fits = Math.max(1, Math.floor((text.length * room) / Math.max(1, canvas.measureText(text).width)));
    const shown = fits >= text.length ? text : `${text.slice(0, fits - 1)}…`;
    canvas.fillText(shown, from + 6 * ratio, top + height / 2 + ratio / 2);
  }

  #x(time: number): number {
    const { from, to } = this.#scene.stretch;
    return this.#area.left + ((time - from) / (to - from)) * this.#area.width;
  }

  #y(top: number): number {
    return this.#area.top + top * this.#area.ratio;
  }
}
