import type { Writable } from "node:stream";
import { setImmediate } from "../../errors/timers.ts";

/** Output that waits for a reader beyond this is lost: a stalled reader must not fill the memory. */
const MAX_WAITING_BYTES = 16 * 1_048_576;

/** A pipe takes so much in one piece (POSIX's PIPE_BUF). What is longer may be mixed with what other processes write. */
const MAX_PIECE_BYTES = 4096;

/**
 * Where the log goes: stdout, whatever that is. A line is written at once where possible, and lost where not: the disk
 * is full, or the reader of the pipe has gone or stalled. None of this is an error of the server.
 */
export class LogOutput {
  readonly #lines: Writable;
  /** The stream's own method: what others write to the stream may become lines of this log. */
  readonly #write: Writable["write"];
  readonly #complain: (line: string) => unknown;
  #mayWait = false;
  #isFlushDue = false;
  /** What is still to be written, and how much it is. */
  #text = "";
  #count = 0;
  #bytes = 0;
  #lost = 0;

  /**
   * @param lines - Receives the log.
   * @param complaints - Told once that lines are being lost and why, and at the end how many were.
   */
  constructor(lines: Writable = process.stdout, complaints: Writable = process.stderr) {
    this.#lines = lines;
    this.#write = lines.write.bind(lines);
    this.#complain = complaints.write.bind(complaints);
    // Each write is checked on its own; without a listener an error would end the process.
    for (const stream of [lines, complaints]) stream.on("error", () => {});
    process.once("exit", () => {
      this.#flush();
      this.#sumUp();
    });
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > MAX_PIECE_BYTES) this.#flush();
    this.#text += line;
    this.#count++;
    this.#bytes += bytes;
    if (this.#mayWait) this.#flushSoon();
    else this.#flush();
  }

  /**
   * Calls a function whose lines may wait for the end of this turn of the loop, to be written together: writing a line
   * costs several times what making it does.
   */
  gather(log: () => void): void {
    this.#mayWait = true;
    try {
      log();
    } finally {
      this.#mayWait = false;
    }
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const text = this.#text;
    const count = this.#count;
    if (count === 0) return;
    this.#text = "";
    this.#count = 0;
    this.#bytes = 0;
    if (this.#lines.writableLength > MAX_WAITING_BYTES) this.#lose(count, "nobody reads it");
    else this.#write(text, (error) => error != null && this.#lose(count, error.message));
  }

  #lose(count: number, why: string): void {
    if (this.#lost === 0) this.#say(`cannot write the log, and loses its lines from here on: ${why}`);
    this.#lost += count;
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

/** Calls a function that logs what may wait a moment, such as a request that is over. */
export function gatherLines(log: () => void): void {
  if (output === undefined) log();
  else output.gather(log);
}
