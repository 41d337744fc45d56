import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import type { ResourceLimits } from "node:worker_threads";
import type { Logger } from "pino";
import { containerMib, threadsThatFit } from "../../app/settings/container.ts";
import type { Resolved } from "../../app/settings/resolved.ts";
import { supervisedWorkers } from "../../app/settings/supervision.ts";
import type { ThreadSettings } from "../../app/settings/thread-settings.ts";
import { counted } from "../../errors/counted.ts";
import { OffloopError } from "../../errors/offloop-error.ts";

const MIB = 2 ** 20;
/** What a process has outside its heaps grows under load: so much of the container is planned for. */
const PLANNED = 0.9;
/** So much of it the fix uses: what is in use differs from start to start, and the next one is not to warn again. */
const ADVISED = 0.85;
/** What a thread takes that has loaded a small app in TypeScript. */
const THREAD_MIB = 25;
/** The young generation that the fix asks for, and the one that V8 takes by itself in a container of ordinary size. */
const [ASKED_YOUNG_MIB, USUAL_YOUNG_MIB] = [16, 32];
/** While V8 copies the young generation, half as much again. */
const YOUNG_FACTOR = 1.5;
/** A heap in which hardly any app can work. */
const SMALLEST_MIB = 48;

/** What a container has room for, in MiB. */
export interface MemoryRoom {
  /** The limit of the container. */
  readonly limit: number;
  /** How far the heap of one thread may grow. */
  readonly heap: number;
  /** What the processes of this server use now and cannot give back. */
  readonly used: number;
  /** Processes that have threads. */
  readonly workers: number;
  /** Threads that run in each of them. */
  readonly started: number;
  /** How many each may have. */
  readonly threads: Pick<Resolved<ThreadSettings>, "min" | "max" | "reserve">;
}

/**
 * Warns where the kernel would kill the process before the heap of one thread is full: such a call would then fail all
 * others, too. Of several workers the first speaks for all.
 *
 * @param started - Threads of this process that run.
 */
export function warnOfLittleMemory(log: Logger, threads: Resolved<ThreadSettings>, started: number): void {
  if (cluster.isWorker && cluster.worker?.id !== 1) return;
  const limit = containerMib();
  if (limit === undefined) return;
  const processes = supervisedWorkers === 0 ? 1 : supervisedWorkers + 1;
  const error = littleMemory({
    limit,
    heap: heapLimitOf(threads.resourceLimits),
    used: (processes * ownMemory()) / MIB,
    workers: Math.max(1, supervisedWorkers),
    started,
    threads,
  });
  if (error !== undefined) log.warn({ code: error.code }, `${error.code}: ${error.message}`);
}

/** What is wrong with so much room; undefined where a full heap fits beside all threads. */
export function littleMemory(room: MemoryRoom): OffloopError | undefined {
  const { limit, heap, used, threads } = room;
  const more = threadsToCome(room, threads.max);
  const taken = used + THREAD_MIB * more;
  if (taken + heap <= PLANNED * limit) return undefined;
  const [heapText, usedText, limitText] = [heap, used, limit].map((mib) => `${Math.round(mib)} MiB`);
  const toCome = more === 0 ? "" : `, and ${counted(more, "more thread")} may take ${THREAD_MIB} MiB each`;
  return new OffloopError(
    "OFFLOOP_MEMORY_LIMIT",
    `Cannot confine a full heap to the call that fills it: the heap of a thread may grow to ${heapText}, but ${usedText} of this container's ${limitText} are in use${toCome}, so the kernel would kill the process first`,
    { fix: fixFor(room, Math.ceil((taken + heap) / PLANNED)) },
  );
}

/** Threads that may still start, in all processes, if each may have so many besides its reserve. */
function threadsToCome({ workers, started, threads }: MemoryRoom, max: number): number {
  return workers * Math.max(0, max + threads.reserve - started);
}

/** What fits: at first fewer threads, if there are more than containers have by default, then a smaller heap. */
function fixFor(room: MemoryRoom, enoughMib: number): string {
  const { limit, used, workers, threads } = room;
  const raise = `raise the memory limit to ${enoughMib} MiB or more`;
  const free = ADVISED * limit - used - YOUNG_FACTOR * ASKED_YOUNG_MIB;
  const restWith = (max: number): number => Math.floor(free - THREAD_MIB * threadsToCome(room, max));
  const fewest = Math.max(1, threads.min - threads.reserve);
  let max = Math.max(fewest, Math.min(threads.max, threadsThatFit(limit, workers)));
  while (max > fewest && restWith(max) < SMALLEST_MIB) max--;
  if (restWith(max) < SMALLEST_MIB) return raise;
  const fewer = max < threads.max ? `max: ${max}, ` : "";
  return `set threads: { ${fewer}resourceLimits: { maxOldGenerationSizeMb: ${restWith(max)}, maxYoungGenerationSizeMb: ${ASKED_YOUNG_MIB} } }, or ${raise}`;
}

/** In MiB. `--max-old-space-size` counts for every heap of the process, and comes before the limits of a thread. */
function heapLimitOf({
  maxOldGenerationSizeMb: old,
  maxYoungGenerationSizeMb: young,
}: ResourceLimits): number {
  const own = getHeapStatistics().heap_size_limit / MIB;
  return old === undefined ? own : Math.min(own, old + YOUNG_FACTOR * (young ?? USUAL_YOUNG_MIB));
}

/** What this process uses, in bytes, without the files that are mapped: the kernel drops those first. */
function ownMemory(): number {
  try {
    const [, kib] = /^RssAnon:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // Not Linux, as with the limit of a job in Windows.
  }
  return process.memoryUsage.rss();
}
