/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** From 0 up to but excluding 1. */
  next(): number;
  /** An integer from 0 up to but excluding this. */
  below(count: number): number;
  pick<T>(items: readonly T[]): T;
}

/** The mulberry32 generator: small, and good enough to choose what to do next. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  return { next, below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}
