import type { Figure } from "../batch.ts";
import type { Process } from "./process.ts";
import { Sketch } from "./sketch.ts";

/** How an operation or task has run so far, in all processes together. Durations are milliseconds. */
export interface FigureTotal {
  readonly name: number;
  readonly calls: number;
  readonly failed: number;
  readonly wait: Percentiles;
  readonly run: Percentiles;
}

/** Undefined where nothing ran. */
type Percentiles = readonly [p50: number | undefined, p99: number | undefined];

/** The last figures that every process has sent for every name, and their totals. */
export class FigureTotals {
  /** Keyed by name, then by process. */
  readonly #told = new Map<number, Map<number, Figure>>();
  readonly #totals = new Map<number, FigureTotal>();

  get list(): readonly FigureTotal[] {
    return [...this.#totals.values()];
  }

  take(process: Process, figure: Figure): void {
    const name = process.nameOf(figure.name);
    const told = this.#told.get(name) ?? new Map<number, Figure>();
    this.#told.set(name, told);
    told.set(process.worker, figure);
    this.#totals.set(name, totalOf(name, [...told.values()]));
  }
}

function totalOf(name: number, told: readonly Figure[]): FigureTotal {
  const [wait, run] = [new Sketch(), new Sketch()];
  for (const figure of told) {
    wait.merge(figure.wait);
    run.merge(figure.run);
  }
  return {
    name,
    calls: told.reduce((sum, { calls }) => sum + calls, 0),
    failed: told.reduce((sum, { failed }) => sum + failed, 0),
    wait: [wait.percentile(50), wait.percentile(99)],
    run: [run.percentile(50), run.percentile(99)],
  };
}
