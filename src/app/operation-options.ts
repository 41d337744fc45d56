import type { AnySchema } from "../schema/schema.ts";
import type { Shape } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import { documentationNames, type OperationDocumentation } from "./documentation.ts";
import { inputNames } from "./inputs.ts";
import type { Lane } from "./lane.ts";

/** What an operation declares. */
export interface OperationOptions extends Shape, OperationDocumentation {
  /** What it needs, by the name under which it receives it, after what its routers need. */
  readonly deps?: Dependencies;
  /** What it returns: anything else is a mistake, logged and answered with 500; fields the schema drops are not sent. */
  readonly response?: AnySchema;
  /** The status of a success, 200-399. Default 200. */
  readonly status?: number;
  /** Where it runs, against the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane;
  /**
   * How long a call may run; past it 504. On a thread the call is ended and the thread replaced; on the loop `signal`
   * aborts, and the function may go on. Milliseconds, 1-86,400,000. Default: the app's `timeouts.operationMs`.
   */
  readonly timeoutMs?: number;
  /** Largest body accepted, in bytes; past it 413. Default: the app's `maxBodyBytes`. */
  readonly maxBodyBytes?: number;
  /** Tags, after those of its routers. */
  readonly tags?: readonly string[];
}

/** The names of all of them. */
export const operationOptionNames: Readonly<Record<keyof OperationOptions, true>> = {
  ...documentationNames,
  ...inputNames,
  deps: true,
  response: true,
  status: true,
  runs: true,
  timeoutMs: true,
  maxBodyBytes: true,
  tags: true,
};
