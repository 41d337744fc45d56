import type { Latency } from "./latency.ts";

/** `1.4`, `2813`: a decimal only where it says something. */
export function inMs(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

/** `2813 / 1451 / 2813`. */
export function inOrder({ first, p50, max }: Latency): string {
  return [first, p50, max].map(inMs).join(" / ");
}

/** `3.0 s`, or `3.0 ... 9.0 s` when some took markedly longer than others. */
export function fromTo(shortestMs: number, longestMs: number): string {
  const [from, to] = [shortestMs, longestMs].map((ms) => (ms / 1000).toFixed(1));
  return longestMs < shortestMs * 1.4 ? `${to} s` : `${from} ... ${to} s`;
}
