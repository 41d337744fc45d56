import { Piles } from "./piles.ts";
import { bandOf, type Row } from "./rows.ts";
import { hasEnded, hasFailed, type Shown } from "./run.ts";
import { type Area, isLit, liesBelow, type Scene } from "./scene.ts";
import { colourOf, type Palette } from "./theme.ts";

const DIM_ALPHA = 0.12;
const IN_PROGRESS_ALPHA = 0.4;
/** The red edge of a run that failed. */
const EDGE_PX = 3;
/** A truncated name with fewer letters than this says nothing. */
const LEAST_LETTERS = 9;

/** Draws the lanes themselves. */
export function drawLanes(canvas: CanvasRenderingContext2D, area: Area, scene: Scene): void {
  const { rows, palette, lane: chosen } = scene;
  canvas.save();
  canvas.fillStyle = palette.lane;
  for (const { lane, top, height, gone } of rows) {
    canvas.globalAlpha = gone ? 0.5 : 1;
    const box = [area.left, area.top + top * area.ratio, area.width, height * area.ratio] as const;
    canvas.fillRect(...box);
    if (lane !== chosen) continue;
    canvas.strokeStyle = palette.accent;
    canvas.lineWidth = 2 * area.ratio;
    canvas.strokeRect(...box);
  }
  canvas.restore();
}

/** Draws what ran on the lanes, and what is presumed to be running on them now. */
export function drawBars(canvas: CanvasRenderingContext2D, area: Area, scene: Scene): void {
  canvas.save();
  canvas.beginPath();
  canvas.rect(area.left, area.top, area.width, area.height);
  canvas.clip();
  new Brush(canvas, area, scene).drawAll();
  canvas.restore();
}

/** Where something is drawn, in canvas pixels. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Look {
  readonly alpha: number;
  readonly failed: boolean;
}

class Brush {
  readonly #canvas: CanvasRenderingContext2D;
  readonly #area: Area;
  readonly #scene: Scene;
  readonly #palette: Palette;
  readonly #piles: Piles;
  /** Per row and slot, the last pixel that has a bar: a bar shorter than a pixel would be drawn there again. */
  readonly #painted = new Map<number, number>();

  constructor(canvas: CanvasRenderingContext2D, area: Area, scene: Scene) {
    this.#canvas = canvas;
    this.#area = area;
    this.#scene = scene;
    this.#palette = scene.palette;
    this.#piles = new Piles(area, scene);
    canvas.font = `${11 * area.ratio}px system-ui, sans-serif`;
    canvas.textBaseline = "middle";
    canvas.textAlign = "left";
  }

  drawAll(): void {
    const { rows, store, stretch } = this.#scene;
    const byLane = new Map(rows.map((row) => [row.lane, row]));
    const above: (() => void)[] = [];
    for (const run of store.runs) {
      if (run.lane === null || run.endedAt < stretch.from || run.startedAt > stretch.to) continue;
      const row = byLane.get(run.lane);
      if (row === undefined) continue;
      const look = { alpha: this.#alphaOf(run), failed: hasFailed(run) };
      if (liesBelow(this.#scene, run)) this.#drawBar(row, run, run.endedAt, look);
      else above.push(() => this.#drawBar(row, run, run.endedAt, look));
    }
    for (const draw of above) draw();
    for (const run of store.presumed()) {
      const row = run.lane === undefined ? undefined : byLane.get(run.lane);
      if (row === undefined || run.startedAt > stretch.to) continue;
      this.#drawBar(row, run, this.#scene.now, { alpha: this.#alphaOf(run), failed: false });
    }
    this.#piles.draw(this.#canvas);
  }

  #alphaOf(run: Shown): number {
    if (!isLit(this.#scene, run)) return DIM_ALPHA;
    return hasEnded(run) ? 1 : IN_PROGRESS_ALPHA;
  }

  #drawBar(row: Row, run: Shown, endedAt: number, { alpha, failed }: Look): void {
    const canvas = this.#canvas;
    const { ratio } = this.#area;
    const band = bandOf(row, run.slot);
    const left = Math.max(this.#area.left - 4 * ratio, this.#x(run.startedAt));
    const width = Math.max(ratio, this.#x(endedAt) - left);
    if (alpha === 1) this.#piles.count(row, run.startedAt, width);
    const key = row.lane * 65_536 + Math.floor(band.top * ratio);
    const painted = this.#painted.get(key) ?? Number.NEGATIVE_INFINITY;
    const stands = failed || this.#scene.pin.isSet;
    if (width <= ratio && left < painted && left > painted - 2 * ratio && !stands) return;
    this.#painted.set(key, left + width);
    canvas.globalAlpha = alpha;
    canvas.fillStyle = colourOf(this.#palette, run.name);
    const gap = band.height > 4 ? ratio : 0;
    const [top, height] = [this.#y(band.top), band.height * ratio - gap];
    const box = { left, top, width, height };
    if (width < 5 * ratio || height < 5 * ratio) canvas.fillRect(left, top, width, height);
    else this.#fillRound(box);
    if (failed && alpha === 1) this.#drawFailure(box);
    const edge = failed && alpha === 1 ? (EDGE_PX + 1) * ratio : 0;
    if (alpha !== DIM_ALPHA && height >= 11 * ratio)
      this.#drawName(run, alpha, { ...box, height: height - edge });
  }

  #fillRound({ left, top, width, height }: Box): void {
    this.#canvas.beginPath();
    this.#canvas.roundRect(left, top, width, height, 3 * this.#area.ratio);
    this.#canvas.fill();
  }

  #drawFailure({ left, top, width, height }: Box): void {
    const { ratio } = this.#area;
    const edge = Math.min(height, EDGE_PX * ratio);
    const line = top + height - edge;
    // Among a reader's own colours the edge may be nearly that of the bar.
    this.#canvas.fillStyle = this.#palette.raised;
    if (height > 2 * edge) this.#canvas.fillRect(left, line - ratio, width, ratio);
    this.#canvas.fillStyle = this.#palette.blocked;
    this.#canvas.fillRect(left, line, width, edge);
  }

  #drawName({ name }: Shown, alpha: number, { left, top, width, height }: Box): void {
    const { ratio } = this.#area;
    const canvas = this.#canvas;
    const from = Math.max(left, this.#area.left);
    const room = left + width - from - 12 * ratio;
    if (room < 20 * ratio) return;
    const measure = (text: string): number => canvas.measureText(text).width;
    const text = nameThatFits(this.#scene.store.names[name]?.name ?? "", room, measure);
    if (text === "") return;
    canvas.globalAlpha = 1;
    canvas.fillStyle = alpha === IN_PROGRESS_ALPHA ? this.#palette.ink : this.#palette.onRun;
    canvas.fillText(text, from + 6 * ratio, top + height / 2 + ratio / 2);
  }

  #x(time: number): number {
    const { from, to } = this.#scene.stretch;
    return this.#area.left + ((time - from) / (to - from)) * this.#area.width;
  }

  #y(top: number): number {
    return this.#area.top + top * this.#area.ratio;
  }
}

/** The name, or only its path, or the beginning of the path if enough of it fits; otherwise nothing. */
export function nameThatFits(name: string, room: number, measure: (text: string) => number): string {
  const path = name.replace(/^[A-Z]+ (?=\/)/, "");
  for (const text of [name, path]) if (measure(text) <= room) return text;
  const letters = Math.floor((path.length * room) / Math.max(1, measure(path))) - 1;
  return letters < LEAST_LETTERS ? "" : `${path.slice(0, letters)}…`;
}
