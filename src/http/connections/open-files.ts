import { closeSync, openSync, readFileSync } from "node:fs";
import { devNull } from "node:os";
import type { Logger } from "pino";
import { OffloopError } from "../../errors/offloop-error.ts";

/** How often it is looked whether one is free. */
const LOOK_MS = 1_000;
/** How often the log says again that none is. */
const AGAIN_MS = 60_000;

const OWN_FIX =
  "raise the limit (LimitNOFILE in a systemd unit, ulimit -Hn in a shell), or look for what is opened and not closed";

/**
 * The files and connections that this process has open. It looks once a second, and at each connection, whether another
 * could be opened, and says in the log when none can. Nothing else does: new connections are then closed before any code
 * hears of them.
 */
export class OpenFiles {
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #limit = readLimit();
  #exhausted = 0;
  /** When the log last said that none is free. */
  #saidAt = Number.NEGATIVE_INFINITY;
  /** Whether that still stands in the log. */
  #isSaid = false;

  constructor(log: Logger) {
    this.#log = log;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** How often none was free. */
  get exhausted(): number {
    return this.#exhausted;
  }

  /** The used share of the limit, from 0 to 1; undefined where the system does not say how many there may be. */
  get ratio(): number | undefined {
    const limit = this.limit;
    if (limit === undefined) return undefined;
    const lowest = lowestFree();
    return typeof lowest === "string" ? 1 : Math.min(1, lowest / limit);
  }

  /** How many there may be; undefined where the system does not say. */
  get limit(): number | undefined {
    // Read again, since `prlimit` changes that of a running process. Where none is free, it cannot be read either.
    this.#limit = readLimit() ?? this.#limit;
    return this.#limit;
  }

  /** @param descriptor - That of a connection which has just been accepted: the lowest that was free. */
  take(descriptor: number): void {
    if (this.#limit !== undefined && descriptor >= this.#limit - 1) this.#report("EMFILE");
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const lowest = lowestFree();
    if (typeof lowest === "string") this.#report(lowest);
    else if (this.#isSaid) {
      this.#isSaid = false;
      this.#log.info("files and connections can be opened again");
    }
  }

  #report(why: string): void {
    this.#exhausted++;
    const now = performance.now();
    if (now - this.#saidAt < AGAIN_MS) return;
    this.#saidAt = now;
    this.#isSaid = true;
    const { code, message } = exhaustedError(why, this.#limit);
    this.#log.error({ code }, `${code}: ${message}`);
  }
}

/** @param who - Who could not receive a connection, as a log names it. */
export function unreceivedError(who: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPEN_FILES",
    `Cannot hand a connection to ${who}: all files and connections that it may have are open`,
    { fix: OWN_FIX },
  );
}

/** @param why - `EMFILE`: the limit of this process; `ENFILE`: that of the machine. */
function exhaustedError(why: string, limit: number | undefined): OffloopError {
  const isOwn = why === "EMFILE";
  const bound = isOwn && limit !== undefined ? `all ${limit} that this process may have` : "all of them";
  return new OffloopError(
    "OFFLOOP_OPEN_FILES",
    `Cannot open files or accept connections: ${bound} are open (${why})`,
    {
      fix: isOwn
        ? OWN_FIX
        : "raise fs.file-max of this machine, or look for a process that opens and does not close",
    },
  );
}

function readLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/**
 * The lowest descriptor that is free, which the system gives out next: all below it are in use. The code of the error
 * where none is. A list of those that are open takes long where there are many.
 */
function lowestFree(): number | string {
  try {
    const descriptor = openSync(devNull, "r");
    closeSync(descriptor);
    return descriptor;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "EMFILE" || code === "ENFILE" ? code : 0;
  }
}
