import { closeSync, openSync, readSync } from "node:fs";

/** See proc(5), /proc/pid/schedstat: nanoseconds on a CPU, nanoseconds ready to run and without one, time slices. */
const FILE = `/proc/self/task/${process.pid}/schedstat`;

/**
 * How long the main thread has been ready to run and had no CPU, since it began. Linux only. The file is read over and
 * over, so it stays open.
 */
export class CpuDelay {
  readonly #file: number | undefined = open();
  readonly #bytes = Buffer.alloc(128);

  /** Milliseconds; undefined where the system does not say. */
  get ms(): number | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const length = readSync(this.#file, this.#bytes, 0, this.#bytes.length, 0);
      return Number(this.#bytes.toString("latin1", 0, length).split(" ")[1]) / 1e6;
    } catch {
      return undefined;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

function open(): number | undefined {
  try {
    return openSync(FILE, "r");
  } catch {
    return undefined;
  }
}
