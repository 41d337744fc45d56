import type { ErrorCode, SourceLocation } from "../errors/offloop-error.ts";
import type { Severity } from "./offence.ts";

/** A place in a declared function that does not fit the function's lane. */
export interface GuardFinding {
  readonly code: ErrorCode;
  readonly severity: Severity;
  /** The operation or task: `GET /items`, `task "resize"`. */
  readonly subject: string;
  /** What is wrong there, in one sentence. */
  readonly problem: string;
  readonly at: SourceLocation;
  /** One action that fixes it. */
  readonly fix: string;
}
