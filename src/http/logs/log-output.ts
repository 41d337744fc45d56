import type { Writable } from "node:stream";

/** Output that waits for a reader beyond this is lost: a stalled reader must not fill the memory. */
const MAX_WAITING_BYTES = 16 * 1_048_576;

/**
 * Where the log goes: stdout, whatever that is. A line is written at once where possible, and lost where not: the disk
 * is full, or the reader of the pipe has gone or stalled. None of this is an error of the server.
 */
export class LogOutput {
  readonly #lines: Writable = process.stdout;
  /** The stream's own method: what others write to the stream may become lines of this log. */
  readonly #write: Writable["write"] = process.stdout.write.bind(process.stdout);
  /** Says once that lines are being lost and why, and at the end how many were. */
  readonly #complain: (line: string) => unknown = process.stderr.write.bind(process.stderr);
  #lost = 0;

  constructor() {
    // Each write is checked on its own; without a listener an error would end the process.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
    process.once("exit", () => this.#sumUp());
  }

  write(line: string): void {
    if (this.#lines.writableLength > MAX_WAITING_BYTES) this.#lose("nobody reads it");
    else this.#write(line, this.#onWritten);
  }

  readonly #onWritten = (error: Error | null | undefined): void => {
    if (error != null) this.#lose(error.message);
  };

  #lose(why: string): void {
    if (this.#lost++ === 0) this.#say(`cannot write the log, and loses its lines from here on: ${why}`);
  }

  #sumUp(): void {
    if (this.#lost > 1) this.#say(`${this.#lost} lines of the log were lost`);
  }

  #say(complaint: string): void {
    const msg = `offloop: ${complaint}`;
    const line = process.stderr.isTTY
      ? msg
      : JSON.stringify({ level: 50, time: Date.now(), pid: process.pid, msg });
    this.#complain(`${line}\n`);
  }
}

let output: LogOutput | undefined;

/** The process's own output, shared by all loggers. */
export function stdoutLines(): LogOutput {
  output ??= new LogOutput();
  return output;
}
