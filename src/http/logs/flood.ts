interface Kind {
  saidAt: number;
  unsaid: number;
}

/** Lines that may come by the thousand: of each kind one passes per second, and says how many did not. */
export class Flood {
  readonly #everyMs: number;
  readonly #kinds = new Map<string, Kind>();

  /** @param everyMs - How often one passes, in milliseconds. Default 1,000. */
  constructor(everyMs = 1_000) {
    this.#everyMs = everyMs;
  }

  /**
   * Asks for one more line. There must be few kinds.
   *
   * @returns How many of its kind have gone unsaid since the last one; undefined where this one is to, as well.
   */
  admit(kind: string): number | undefined {
    const now = performance.now();
    const known = this.#kinds.get(kind);
    if (known !== undefined && now - known.saidAt < this.#everyMs) return void known.unsaid++;
    this.#kinds.set(kind, { saidAt: now, unsaid: 0 });
    return known?.unsaid ?? 0;
  }
}

/** The end of a line that stands for others. */
export function moreText(unsaid: number): string {
  return unsaid === 0 ? "" : `; and ${unsaid} more since the last line`;
}
