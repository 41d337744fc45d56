import type { SyntaxNode } from "./syntax.ts";

/** The rules, by the name that `offloop-allow` takes. */
export type RuleName = "state" | "blocking" | "promise";

/** How grave: it must be changed; it is likely a mistake; it is good to know. */
export type Severity = "refused" | "warned" | "told";

/** A place in a function that does not fit the lane the function runs on. */
export interface Offence {
  readonly rule: RuleName;
  readonly severity: Severity;
  readonly node: SyntaxNode;
  /** What it does there: `assigns to "hits"`. */
  readonly does: string;
  /** One action that mends it. */
  readonly fix: string;
}
