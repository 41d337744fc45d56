import { isLoop } from "./lane.ts";
import type { Area, Row, Scene } from "./scene.ts";

/** Bars narrower than this cannot be distinguished. */
const NARROW_PX = 4;
/** This many can be counted by eye. */
const FEW = 4;
const COLUMN_PX = 64;
const LEAST_HEIGHT = 20;

/** The short runs of a lane within a column. */
interface Pile {
  readonly row: Row;
  readonly column: number;
  readonly count: number;
}

/** Where too many short runs pile up to be distinguished: how many there are, in columns of equal time. */
export class Piles {
  readonly #area: Area;
  readonly #scene: Scene;
  readonly #stepMs: number;
  /** Keyed by row, then by the number of the column. */
  readonly #counts = new Map<Row, Map<number, number>>();

  constructor(area: Area, scene: Scene) {
    this.#area = area;
    this.#scene = scene;
    const { from, to } = scene.stretch;
    this.#stepMs = roundStep(((to - from) * COLUMN_PX * area.ratio) / area.width);
  }

  /** @param width - The width of its bar, in canvas pixels. */
  count(row: Row, startedAt: number, width: number): void {
    if (width > NARROW_PX * this.#area.ratio || (row.height < LEAST_HEIGHT && !isLoop(row.lane))) return;
    const counts = this.#counts.get(row) ?? new Map<number, number>();
    this.#counts.set(row, counts);
    const column = Math.floor(startedAt / this.#stepMs);
    counts.set(column, (counts.get(column) ?? 0) + 1);
  }

  draw(canvas: CanvasRenderingContext2D): void {
    canvas.save();
    canvas.textAlign = "center";
    canvas.font = `${10 * this.#area.ratio}px system-ui, sans-serif`;
    for (const [row, counts] of this.#counts)
      for (const [column, count] of counts) if (count > FEW) this.#drawCount(canvas, { row, column, count });
    canvas.restore();
  }

  #drawCount(canvas: CanvasRenderingContext2D, { row, column, count }: Pile): void {
    const area = this.#area;
    const { from, to } = this.#scene.stretch;
    const perMs = area.width / (to - from);
    const middle = area.left + ((column + 0.5) * this.#stepMs - from) * perMs;
    const text = `×${count.toLocaleString("en")}`;
    const width = canvas.measureText(text).width + 8 * area.ratio;
    // A column that is not over yet would change with every frame.
    if ((column + 1) * this.#stepMs > this.#scene.now || width > this.#stepMs * perMs) return;
    if (middle - width / 2 < area.left || middle + width / 2 > area.left + area.width) return;
    const height = 13 * area.ratio;
    const bottom = area.top + (row.top + row.height) * area.ratio;
    const top = isLoop(row.lane)
      ? bottom - height - 2 * area.ratio
      : bottom - (row.height * area.ratio + height) / 2;
    canvas.globalAlpha = 0.88;
    canvas.fillStyle = this.#scene.palette.raised;
    canvas.beginPath();
    canvas.roundRect(middle - width / 2, top, width, height, height / 2);
    canvas.fill();
    canvas.globalAlpha = 1;
    canvas.fillStyle = this.#scene.palette.ink;
    canvas.fillText(text, middle, top + height / 2 + area.ratio / 2);
  }
}

/** The next number that is one, two or five times a power of ten. */
function roundStep(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms));
  return power * ([1, 2, 5, 10].find((step) => step * power >= ms) ?? 10);
}
