import type { Scope } from "../../app/dependency.ts";
import type { HeaderPairs } from "../../operation/raw.ts";
import type { RemoteValue } from "../../operation/runtime.ts";
import type { NamedCall } from "./reply-message.ts";
import type { RequestPayload } from "./request-message.ts";
import type { Thrown } from "./thrown.ts";
import type { Crossed } from "./values.ts";

/** Dependencies of one request to be called on a thread in order, as they cross. */
export interface DependencyPayload {
  readonly operation: string;
  readonly request: RequestPayload;
  /** The session that earlier calls of the same request have left there. */
  readonly session: number | undefined;
  readonly calls: readonly DependencyCall[];
}

/** One of them. */
export interface DependencyCall {
  /** Its path in the operation's plan. */
  readonly path: string;
  readonly inputs: Crossed;
  /** What it needs itself and the loop has, by name. */
  readonly values: Crossed;
  /** What it needs itself and the thread has: paths in the plan, by name. */
  readonly there: Readonly<Record<string, string>>;
  readonly isReceived: boolean;
  /** A later call needs its value. */
  readonly isNeededLater: boolean;
}

/** What they gave, and what they have said about the response meanwhile. */
export interface DependencyResult {
  /** In the order of the calls, as they cross. */
  readonly values: readonly RemoteValue[];
  /** Where what is open, and what is needed later, is held; undefined when nothing is. */
  readonly session: number | undefined;
  /** The scopes in which something is open since. */
  readonly opened: readonly Scope[];
  readonly background: readonly NamedCall[] | undefined;
  readonly status: number | undefined;
  readonly headers: HeaderPairs | undefined;
}

/** What one of them threw, and what is open all the same. */
export interface DependencyFailure extends Thrown {
  readonly result: DependencyResult;
}

/** What earlier calls have opened is to be closed. */
export interface ClosePayload {
  readonly session: number;
  /** Which of the request's calls opened it. */
  readonly call: number;
  readonly scope: Scope;
  readonly failure: Thrown | undefined;
  /** The request's tasks have run. */
  readonly refusesTasks: boolean;
  /** Nothing is needed of the session after this. */
  readonly ends: boolean;
}

/** What came of closing. */
export interface CloseResult {
  /** What went wrong in the end; undefined when nothing did, or when it was caught. */
  readonly left?: Thrown | undefined;
  /** Tasks that were added meanwhile. */
  readonly background?: readonly NamedCall[] | undefined;
}

/** An error to be answered on a thread, as it crosses. */
export interface FailurePayload {
  readonly request: RequestPayload;
  readonly thrown: Thrown;
}
