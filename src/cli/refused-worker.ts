import { getSystemErrorName } from "node:util";
import { OffloopError } from "../errors/offloop-error.ts";

/** Why the system starts no process, and what to do about it. */
const reasons: Readonly<Record<string, { readonly what: string; readonly fix: string }>> = {
  EMFILE: {
    what: "the primary has all files and connections open that it may have",
    fix: "raise its limit (LimitNOFILE in a systemd unit, ulimit -Hn in a shell); it tries again by itself",
  },
  ENFILE: {
    what: "this machine has all files open that it may have",
    fix: "raise fs.file-max of this machine; the primary tries again by itself",
  },
  EAGAIN: {
    what: "there may be no more processes",
    fix: "raise their limit (TasksMax in a systemd unit, pids.max of a container, ulimit -u); the primary tries again by itself",
  },
};

/** What is wrong with Node itself, or with the folder that the primary was started in. */
const gone = {
  what: "its executable or its folder cannot be used",
  fix: `check that ${process.execPath} is there and may be run, then restart the server`,
};

/**
 * The name of the error with which the system refused to start a process. Node gives it as a negative exit code.
 *
 * @returns Undefined where there was a process.
 */
export function refusalOf(code: number | null): string | undefined {
  return code !== null && code < 0 ? getSystemErrorName(code) : undefined;
}

/**
 * @param why - The name of the system's error, like `EMFILE`.
 * @param next - What follows.
 */
export function refusedWorkerError(why: string, next: string): OffloopError {
  const { what, fix } = reasons[why] ?? gone;
  return new OffloopError("OFFLOOP_WORKER_START", `Cannot start a worker: ${what} (${why}); ${next}`, {
    fix,
  });
}
