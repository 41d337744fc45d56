import type { CompiledOperation } from "./compile.ts";
import type { Place } from "./place.ts";
import type { RawRequest } from "./raw.ts";
import type { RequestContext } from "./request-context.ts";

/** One request on its way through an operation. */
export interface Passage {
  readonly operation: CompiledOperation;
  readonly request: RawRequest;
  readonly context: RequestContext;
  readonly place: Place;
}
