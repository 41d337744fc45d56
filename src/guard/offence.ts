import type { SyntaxNode } from "./syntax.ts";

/** The rules, by the names that `offloop-allow` accepts. */
export type RuleName = "state" | "blocking" | "promise";

/** The severity: it must be changed; it is probably a mistake; it is worth knowing. */
export type Severity = "refused" | "warned" | "told";

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
