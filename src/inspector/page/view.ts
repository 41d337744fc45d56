const DEFAULT_SPAN_MS = 10_000;
const MIN_SPAN_MS = 1;
const MAX_SPAN_MS = 900_000;
const ZOOM_STEP = 1.5;

/** A stretch of time. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The period that is viewed: the newest one, moving, or a fixed one. */
export class View {
  #spanMs = DEFAULT_SPAN_MS;
  /** Undefined while it moves. */
  #to: number | undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isLive(): boolean {
    return this.#to === undefined;
  }

  get stretch(): Stretch {
    const to = this.#to ?? this.#now();
    return { from: to - this.#spanMs, to };
  }

  follow(): void {
    this.#to = undefined;
  }

  pause(): void {
    this.#to = this.stretch.to;
  }

  /** Stops if it is moving, and moves if it is not. */
  toggle(): void {
    if (this.isLive) this.pause();
    else this.follow();
  }

  /** The usual span, moving. */
  reset(): void {
    this.#spanMs = DEFAULT_SPAN_MS;
    this.follow();
  }

  /** @param anchor - Stays in place in a fixed view; a moving one keeps its right edge. */
  zoom(factor: number, anchor: number = (this.stretch.from + this.stretch.to) / 2): void {
    const before = this.#spanMs;
    this.#spanMs = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, before * factor));
    if (this.#to !== undefined) this.#to = anchor + (this.#to - anchor) * (this.#spanMs / before);
    this.#stayInThePast();
  }

  zoomIn(): void {
    this.zoom(1 / ZOOM_STEP);
  }

  zoomOut(): void {
    this.zoom(ZOOM_STEP);
  }

  /** @param part - Fraction of the span; negative is back in time. */
  pan(part: number): void {
    this.#to = this.stretch.to + part * this.#spanMs;
    this.#stayInThePast();
  }

  show({ from, to }: Stretch): void {
    this.#spanMs = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, to - from));
    this.#to = (from + to + this.#spanMs) / 2;
    this.#stayInThePast();
  }

  /** The future would be empty. */
  #stayInThePast(): void {
    if (this.#to !== undefined) this.#to = Math.min(this.#to, this.#now());
  }
}
