import type { HeaderPairs } from "../../operation/raw.ts";
import type { ReadInputs } from "../../operation/read.ts";
import type { NamedCall } from "./reply-message.ts";
import type { RequestPayload } from "./request-message.ts";
import type { Thrown } from "./thrown.ts";

/** A dependency to be made on a thread, as it crosses. */
export interface DependencyPayload {
  readonly operation: string;
  readonly request: RequestPayload;
  readonly inputs: ReadInputs;
  /** What it needs itself, by name. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a dependency gives, and what it has said about the response meanwhile. */
export interface DependencyResult {
  readonly value: unknown;
  readonly background: readonly NamedCall[] | undefined;
  readonly status: number | undefined;
  readonly headers: HeaderPairs | undefined;
}

/** An error to be answered on a thread, as it crosses. */
export interface FailurePayload {
  readonly request: RequestPayload;
  readonly thrown: Thrown;
}
