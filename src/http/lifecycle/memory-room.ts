import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { ResourceLimits } from "node:worker_threads";
import type { Logger } from "pino";
import { OffloopError } from "../../errors/offloop-error.ts";
import { supervisedWorkers } from "./supervised.ts";

const MIB = 2 ** 20;
/** What a process has outside its heaps grows under load: so much of the container is planned for. */
const PLANNED = 0.85;
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
}

/**
 * Warns where the kernel would kill the process before the heap of one thread is full: such a call would then fail all
 * others, too. Of several workers the first speaks for all.
 */
export function warnOfLittleMemory(log: Logger, limits: ResourceLimits): void {
  if (cluster.isWorker && cluster.worker?.id !== 1) return;
  const limit = process.constrainedMemory();
  // A container without a limit has that of the machine, or one that is larger than any machine.
  if (!(limit > 0 && limit < totalmem())) return;
  const processes = supervisedWorkers === 0 ? 1 : supervisedWorkers + 1;
  const error = littleMemory({
    limit: limit / MIB,
    heap: heapLimitOf(limits),
    used: (processes * ownMemory()) / MIB,
  });
  if (error !== undefined) log.warn({ code: error.code }, `${error.code}: ${error.message}`);
}

/** What is wrong with so much room; undefined where a full heap fits. */
export function littleMemory({ limit, heap, used }: MemoryRoom): OffloopError | undefined {
  const planned = PLANNED * limit;
  if (used + heap <= planned) return undefined;
  const [heapText, usedText, limitText] = [heap, used, limit].map((mib) => `${Math.round(mib)} MiB`);
  const rest = Math.floor(planned - used - YOUNG_FACTOR * ASKED_YOUNG_MIB);
  const raise = `raise the memory limit to ${Math.ceil((used + heap) / PLANNED)} MiB or more`;
  return new OffloopError(
    "OFFLOOP_MEMORY_LIMIT",
    `Cannot confine a full heap to the call that fills it: the heap of a thread may grow to ${heapText}, but ${usedText} of this container's ${limitText} are in use, so the kernel would kill the process first`,
    {
      fix:
        rest < SMALLEST_MIB
          ? raise
          : `set threads: { resourceLimits: { maxOldGenerationSizeMb: ${rest}, maxYoungGenerationSizeMb: ${ASKED_YOUNG_MIB} } }, or ${raise}`,
    },
  );
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
