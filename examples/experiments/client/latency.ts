import { type Answer, get } from "./request.ts";

/** How long requests took, in milliseconds. */
export interface Latency {
  readonly first: number;
  readonly min: number;
  readonly p50: number;
  readonly max: number;
}

/** Requests a URL at a steady pace, whether or not the answers come, until the work is done. */
export async function latencyWhile(url: string, everyMs: number, work: Promise<unknown>): Promise<Latency> {
  const asked = [get(url)];
  const timer = setInterval(() => asked.push(get(url)), everyMs);
  await work.finally(() => clearInterval(timer));
  return latencyOf(await Promise.all(asked));
}

/** @param answers - At least one, in the order in which they were requested. */
export function latencyOf(answers: readonly Answer[]): Latency {
  const ms = answers.map((answer) => answer.ms);
  const sorted = ms.toSorted((a, b) => a - b);
  return {
    first: ms[0]!,
    min: sorted[0]!,
    p50: sorted[Math.floor(sorted.length / 2)]!,
    max: sorted.at(-1)!,
  };
}
