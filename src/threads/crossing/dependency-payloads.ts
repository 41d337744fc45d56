import type { Scope } from "../../app/dependency.ts";
import type { HeaderPairs } from "../../operation/raw.ts";
import type { RemoteValue } from "../../operation/runtime.ts";
import type { SessionState } from "../../operation/session.ts";
import type { NamedCall, RequestPayload } from "./payloads.ts";
import type { Crossed, Thrown } from "./values.ts";

/** Dependencies of one request to be called in order on a thread, as they cross. */
export interface DependencyPayload {
  readonly operation: string;
  readonly request: RequestPayload;
  /** The session that earlier calls of the same request have left there. */
  readonly session: number | undefined;
  readonly calls: readonly DependencyCall[];
  /** The visitor's current session; undefined when nobody has asked for it yet. */
  readonly sessionState: SessionState | undefined;
}

/** One dependency of such a call. */
export interface DependencyCall {
  /** Its path in the operation's plan. */
  readonly path: string;
  readonly inputs: Crossed;
  /** Its own dependencies that the loop has, by name. */
  readonly values: Crossed;
  /** Its own dependencies that the thread has: their paths in the plan, by name. */
  readonly there: Readonly<Record<string, string>>;
  readonly isReceived: boolean;
  /** Whether a later call needs its value. */
  readonly isNeededLater: boolean;
}

/** Their values, and what they have set on the response meanwhile. */
export interface DependencyResult {
  /** In the order of the calls, as they cross. */
  readonly values: readonly RemoteValue[];
  /** Where open dependencies and values needed later are held; undefined when there are none. */
  readonly session: number | undefined;
  /** The scopes in which something is open now. */
  readonly opened: readonly Scope[];
  readonly background: readonly NamedCall[] | undefined;
  readonly status: number | undefined;
  readonly headers: HeaderPairs | undefined;
  /** The visitor's session as they have left it; undefined when none of them has asked for it. */
  readonly sessionState: SessionState | undefined;
}

/** What one of them threw, and what is open nevertheless. */
export interface DependencyFailure extends Thrown {
  readonly result: DependencyResult;
}

/** Closes what earlier calls have opened. */
export interface ClosePayload {
  readonly session: number;
  /** Which of the request's calls opened it. */
  readonly call: number;
  readonly scope: Scope;
  readonly failure: Thrown | undefined;
  /** Whether tasks are refused because the request's tasks have run. */
  readonly refusesTasks: boolean;
  /** Whether nothing needs the session after this. */
  readonly ends: boolean;
}

/** The result of closing. */
export interface CloseResult {
  /** The final failure; undefined when there was none, or when it was caught. */
  readonly left?: Thrown | undefined;
  /** Tasks that were added meanwhile. */
  readonly background?: readonly NamedCall[] | undefined;
}
