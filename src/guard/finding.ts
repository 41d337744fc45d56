import type { ErrorCode, SourceLocation } from "../errors/offloop-error.ts";
import type { SyntaxNode } from "./syntax.ts";

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

/** The rules, by the names that `offloop-allow` accepts. */
export type RuleName = "state" | "blocking" | "promise";

/** The severity: it must be changed; it is probably a mistake; it is worth knowing. */
type Severity = "refused" | "warned" | "told";

/** A place in a function that does not fit the lane the function runs on. */
export interface Offence {
  readonly rule: RuleName;
  readonly severity: Severity;
  readonly node: SyntaxNode;
  /** What it does there: `assigns to "hits"`. */
  readonly does: string;
  /** One action that fixes it. */
  readonly fix: string;
}
