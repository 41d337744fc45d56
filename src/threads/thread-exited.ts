import { OffloopError } from "../errors/offloop-error.ts";

/** The error of a call whose thread ended while it ran. */
export function threadExited(work: string, why: string): OffloopError {
  return new OffloopError("OFFLOOP_THREAD_EXITED", `Cannot finish ${work}: its thread ended: ${why}`, {
    fix: "look for process.exit, an uncaught error in a timer, or too little memory in that function",
  });
}
