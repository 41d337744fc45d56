import { PerformanceObserver } from "node:perf_hooks";
import { clockMs } from "./clock.ts";

/** Shorter collections are part of ordinary work. */
const SHORTEST_MS = 5;
const KEPT = 64;

/** The long garbage collections of late. */
export class GcTime {
  readonly #collections: { readonly from: number; readonly to: number }[] = [];
  readonly #observer = new PerformanceObserver((list) => {
    const toClock = clockMs() - performance.now();
    for (const { startTime, duration } of list.getEntries()) {
      const from = startTime + toClock;
      if (duration >= SHORTEST_MS) this.#collections.push({ from, to: from + duration });
    }
    this.#collections.splice(0, this.#collections.length - KEPT);
  });

  constructor() {
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** How many milliseconds of a stretch were collections. */
  within(stretch: { readonly from: number; readonly to: number }): number {
    return this.#collections.reduce(
      (sum, { from, to }) => sum + Math.max(0, Math.min(stretch.to, to) - Math.max(stretch.from, from)),
      0,
    );
  }

  stop(): void {
    this.#observer.disconnect();
  }
}
