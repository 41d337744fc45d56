import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const FOLDER = `/proc/self/task/${process.pid}`;

/** What the system has counted for the main thread since it started, in milliseconds. */
interface CpuUse {
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
      const [ran = "", delayed = ""] = this.#bytes.toString("latin1", 0, length).split(" ");
      return { ranMs: Number(ran) / 1e6, delayedMs: Number(delayed) / 1e6 };
    } catch {
      return undefined;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
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
