import { describeError } from "../errors/described-error.ts";
import { HTTPError, ValidationError } from "../errors/http-error.ts";
import { toJson } from "./json.ts";
import type { RawReply } from "./raw.ts";

const JSON_TYPE = "application/json";

/** The reply for what the pipeline threw. What is not meant for the client stays in `error`, for the log. */
export function failureReply(thrown: unknown): RawReply {
  try {
    if (thrown instanceof HTTPError) return httpErrorReply(thrown);
    if (thrown instanceof ValidationError) return detailReply(422, thrown.details, {});
  } catch (cause) {
    return internalErrorReply(cause); // its detail or headers cannot be written
  }
  return internalErrorReply(thrown);
}

/** The reply for a mistake that is not the client's: the client learns no more than that, the log everything. */
export function internalErrorReply(thrown: unknown): RawReply {
  return detailReply(500, "Internal Server Error", { error: describeError(thrown) });
}

function httpErrorReply({ status, detail, headers }: HTTPError): RawReply {
  return detailReply(status, detail, {
    headers: headers === undefined ? undefined : [...new Headers(headers)],
  });
}

/** A reply of FastAPI's shape for everything that is not a success: `{"detail": ...}`. */
export function detailReply(
  status: number,
  detail: unknown,
  rest: Partial<Pick<RawReply, "headers" | "error">>,
): RawReply {
  return {
    status,
    mediaType: JSON_TYPE,
    headers: rest.headers,
    body: toJson({ detail }),
    background: undefined,
    error: rest.error,
  };
}
