import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { clockMs } from "./shared-words.ts";

const THREADS = "/proc/self/task";
const FOLDER = `${THREADS}/${process.pid}`;

/** What the system has counted for a thread since it started, in milliseconds. */
export interface CpuUse {
  /** How long it ran. */
  readonly ranMs: number;
  /** How long it was ready to run while others had the CPU. A wait counts once it is over. */
  readonly delayedMs: number;
}

/** Reads how much of the CPU the main thread has had: only on Linux. The file is read over and over, so it stays open. */
export class CpuMeter {
  readonly #file: number | undefined = open();
  readonly #bytes = Buffer.alloc(128);

  /** Undefined where the system does not report it. See proc(5), /proc/pid/schedstat. */
  read(): CpuUse | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const length = readSync(this.#file, this.#bytes, 0, this.#bytes.length, 0);
      return parseUse(this.#bytes.toString("latin1", 0, length));
    } catch {
      return undefined;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

/** Whether the system says what {@link CpuMeter} reads. */
export function isCpuMetered(): boolean {
  const meter = new CpuMeter();
  try {
    return meter.read() !== undefined;
  } finally {
    meter.close();
  }
}

/** How much of the CPU each thread has had, by its number. */
export type CpuOfThreads = ReadonlyMap<number, CpuUse>;

/** What the threads of this process have had of the CPU since this was made: only on Linux. */
export class ThreadsCpu {
  readonly #since = clockMs();
  readonly #before = readThreads();

  /** See {@link crowdedOutMs}. */
  crowdedOutMs(): number {
    const coresMs = (clockMs() - this.#since) * availableParallelism();
    return crowdedOutMs(this.#before, readThreads(), coresMs);
  }
}

/**
 * The longest that a thread other than the main one has waited for a CPU that other processes had, in milliseconds. A
 * wait that began before is counted in it. 0 if the process itself had half of the cores: then its threads waited for
 * each other.
 *
 * @param coresMs - How much CPU time there was.
 */
export function crowdedOutMs(before: CpuOfThreads, after: CpuOfThreads, coresMs: number): number {
  let [ranMs, longestMs] = [0, 0];
  for (const [thread, use] of after) {
    const last = before.get(thread);
    if (last === undefined) continue;
    ranMs += use.ranMs - last.ranMs;
    if (thread !== process.pid) longestMs = Math.max(longestMs, use.delayedMs - last.delayedMs);
  }
  return ranMs < coresMs / 2 ? longestMs : 0;
}

function readThreads(): CpuOfThreads {
  const uses = new Map<number, CpuUse>();
  try {
    for (const thread of readdirSync(THREADS)) {
      try {
        uses.set(Number(thread), parseUse(readFileSync(`${THREADS}/${thread}/schedstat`, "latin1")));
      } catch {
        // It has ended meanwhile.
      }
    }
  } catch {
    // Not on Linux.
  }
  return uses;
}

function parseUse(schedstat: string): CpuUse {
  const [ran = "", delayed = ""] = schedstat.split(" ");
  return { ranMs: Number(ran) / 1e6, delayedMs: Number(delayed) / 1e6 };
}

/** Whether the main thread runs or waits for a CPU, rather than sleeps. See proc(5), /proc/pid/stat. */
export function isMainThreadRunnable(): boolean {
  try {
    return /^\d+ \(.*\) R/s.test(readFileSync(`${FOLDER}/stat`, "latin1"));
  } catch {
    return false;
  }
}

function open(): number | undefined {
  try {
    return openSync(`${FOLDER}/schedstat`, "r");
  } catch {
    return undefined;
  }
}
