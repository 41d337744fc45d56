import { fileURLToPath } from "node:url";
import type { AppTarget } from "../app/load.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { SourceLocation } from "../errors/source-location.ts";
import type { Hello } from "./messages.ts";

const SHOWN = 5;

/** The error in a thread's first message, or undefined when the thread is ready. */
export function startError(
  hello: Hello,
  thread: number,
  { target }: { readonly target: AppTarget },
): OffloopError | undefined {
  if ("ready" in hello) return undefined;
  const at: SourceLocation = { file: fileURLToPath(target.url), line: 1, column: 1 };
  if ("failed" in hello) {
    const { type, message, stack } = hello.failed;
    const cause = Object.assign(new Error(message), { name: type, stack: stack ?? message });
    return failedStart(thread, message, { target }, cause);
  }
  const differences = [
    ...listed(hello.missing, `on the main thread and not in thread ${thread}`),
    ...listed(hello.extra, `in thread ${thread} and not on the main thread`),
  ];
  return new OffloopError("OFFLOOP_THREAD_APP_DIFFERS", `Cannot start threads: ${differences.join("; ")}`, {
    at,
    fix: "declare operations and tasks when the module loads, not inside an if that differs between threads",
  });
}

/** The error of a thread that could not load the app. */
export function failedStart(
  thread: number,
  why: string,
  { target }: { readonly target: AppTarget },
  cause?: Error,
): OffloopError {
  return new OffloopError("OFFLOOP_THREAD_START", `Cannot start thread ${thread}: ${why}`, {
    at: { file: fileURLToPath(target.url), line: 1, column: 1 },
    fix: "make the module load in a thread: it is imported there once more, and must only declare",
    cause,
  });
}

/** The error of a thread that ended while it ran no call. */
export function idleExitError(
  thread: number,
  why: unknown,
  { target }: { readonly target: AppTarget },
): OffloopError {
  return new OffloopError(
    "OFFLOOP_THREAD_EXITED",
    `Cannot keep thread ${thread}: ${why}, while no call ran in it`,
    {
      at: { file: fileURLToPath(target.url), line: 1, column: 1 },
      fix: "look for what goes on after a call: an error in a timer, a promise that nobody awaits, process.exit, a loop",
    },
  );
}

function listed(ids: readonly string[], where: string): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > SHOWN ? ` and ${ids.length - SHOWN} more` : "";
  return [`${ids.slice(0, SHOWN).join(", ")}${more} ${ids.length === 1 ? "exists" : "exist"} ${where}`];
}
