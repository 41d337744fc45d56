/** The sources of each composite signal, for as long as that is in use. */
const sourcesOf = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/**
 * A signal that aborts as soon as one of several does. Node's composite signal alone would stay silent for ever once one
 * of its sources was garbage collected, and often nothing else holds a deadline's.
 */
export function anySignal(sources: AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any(sources);
  sourcesOf.set(signal, sources);
  return signal;
}
