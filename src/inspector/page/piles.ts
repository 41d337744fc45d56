import { isLoop } from "./lane.ts";
import type { Row } from "./rows.ts";
import type { Area, Scene } from "./scene.ts";
import type { Stretch } from "./view.ts";

/** Bars narrower than this cannot be distinguished. */
const NARROW_PX = 4;
/** This many can be counted by eye. */
const FEW = 4;
const COLUMN_PX = 64;
const LEAST_HEIGHT = 20;

/** The short runs of a lane within a column. */
interface Pile {
  count: number;
  /** When they started, added up. */
  starts: number;
}

/** A pile that is drawn, since when it counts, and what covers its lane. */
interface Column extends Pile {
  readonly from: number;
  readonly blocks: readonly Stretch[];
}

/** Where too many short runs pile up to be distinguished: how many there are, in columns of equal time. */
export class Piles {
  readonly #area: Area;
  readonly #scene: Scene;
  readonly #stepMs: number;
  /** Keyed by row, then by the number of the column. */
  readonly #piles = new Map<Row, Map<number, Pile>>();

  constructor(area: Area, scene: Scene) {
    this.#area = area;
    this.#scene = scene;
    const { from, to } = scene.stretch;
    this.#stepMs = roundStep(((to - from) * COLUMN_PX * area.ratio) / area.width);
  }

  /** @param width - The width of its bar, in canvas pixels. */
  count(row: Row, startedAt: number, width: number): void {
    if (width > NARROW_PX * this.#area.ratio || (row.height < LEAST_HEIGHT && !isLoop(row.lane))) return;
    const piles = this.#piles.get(row) ?? new Map<number, Pile>();
    this.#piles.set(row, piles);
    const column = Math.floor(startedAt / this.#stepMs);
    const pile = piles.get(column) ?? { count: 0, starts: 0 };
    piles.set(column, pile);
    pile.count++;
    pile.starts += startedAt;
  }

  draw(canvas: CanvasRenderingContext2D): void {
    canvas.save();
    canvas.textAlign = "center";
    canvas.font = `${10 * this.#area.ratio}px system-ui, sans-serif`;
    for (const [row, piles] of this.#piles) {
      const blocks = isLoop(row.lane) ? this.#blocksOn(row.lane) : [];
      // A column that is not over yet would change with every frame.
      for (const [column, pile] of piles)
        if (pile.count > FEW && (column + 1) * this.#stepMs <= this.#scene.now)
          this.#drawCount(canvas, row, { ...pile, from: column * this.#stepMs, blocks });
    }
    canvas.restore();
  }

  /** Where a loop was blocked: there its lane is covered. */
  #blocksOn(lane: number): Stretch[] {
    const { list, groups } = this.#scene.store.incidents;
    return list
      .filter((one) => one.lane === lane && groups.get(one.group)?.kind === "blocked")
      .map(({ at, durationMs }) => ({ from: at, to: at + durationMs }));
  }

  #drawCount(
    canvas: CanvasRenderingContext2D,
    row: Row,
    { count, starts, from: first, blocks }: Column,
  ): void {
    const area = this.#area;
    const { from, to } = this.#scene.stretch;
    const perMs = area.width / (to - from);
    const text = `×${count.toLocaleString("en")}`;
    const width = canvas.measureText(text).width + 8 * area.ratio;
    const half = width / 2 / perMs;
    // What has left the view is not counted.
    if (first < from || 2 * half > this.#stepMs) return;
    // Where the runs are, and not over a longer one beside them; nor over the count of the next column.
    const time = Math.min(Math.max(starts / count, first + half), first + this.#stepMs - half);
    if (time + half > to) return;
    // A number that is covered in part would be read as another.
    if (blocks.some((block) => block.from < time + half && block.to > time - half)) return;
    const middle = area.left + (time - from) * perMs;
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
