import { brand } from "./brand.ts";
import { counted } from "./counted.ts";
import type { OffloopError } from "./offloop-error.ts";
import { checkHeaders, replyMistake } from "./reply-mistake.ts";
import { shownValue } from "./shown-value.ts";

/**
 * Throw this from a handler to answer with an error status and `{"detail": ...}`; FastAPI's `HTTPException`. Background
 * tasks added before it do not run.
 *
 * @example
 * ```ts
 * import { App, HTTPError } from "offloop";
 *
 * const app = new App();
 * app.get("/items/:item_id", async ({ params }) => {
 *   if (params.item_id === "0") throw new HTTPError(404, "Item not found", { "X-Error": "no such item" });
 *   return { item_id: params.item_id };
 * });
 * ```
 */
export class HTTPError extends Error {
  /** The status of the response. */
  readonly status: number;
  /** What the client receives as `detail`: any JSON value. */
  readonly detail: unknown;
  /** Headers added to the response. */
  readonly headers: Readonly<Record<string, string>> | undefined;

  /**
   * Makes an error that is meant for the client.
   *
   * @param status - The status of the response: an integer of 200-599, 400 and up for errors.
   * @param detail - What the client receives as `detail`: any JSON value. Default: the status' standard phrase, such as
   * "Payment Required", or "HTTP 499" if it has none.
   * @param headers - Headers added to the response.
   * @param options - `cause`: the error that led to this one, for the log alone. The log has every error with a status of
   * 500 and up.
   * @throws {OffloopError} `OFFLOOP_REPLY_INVALID` for a status outside 200-599, and for a header that HTTP does not allow.
   */
  constructor(
    status: number,
    detail?: unknown,
    headers?: Readonly<Record<string, string>>,
    options?: ErrorOptions,
  ) {
    if (!isFinalStatus(status)) throw wrongStatus(MAKING, status, 'write new HTTPError(404, "Not here")');
    if (headers !== undefined) checkHeaders(MAKING, headers);
    const shown = detail ?? statusPhrase(status);
    super(typeof shown === "string" ? shown : `HTTP ${status}`, options);
    this.name = "HTTPError";
    this.status = status;
    this.detail = shown;
    this.headers = headers;
  }
}

brand(HTTPError.prototype);

const MAKING = "make an HTTPError";

/** The error of a status that ends no request. */
export function wrongStatus(action: string, status: unknown, fix: string): OffloopError {
  return replyMistake(action, `expected a status from 200 to 599, got ${shownValue(status)}`, fix);
}

/** Whether it is a status that ends a request, 200-599: one of 100-199 announces another response. */
export function isFinalStatus(status: unknown): status is number {
  return Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
}

/** RFC 9110's phrases, as in Python's `http.HTTPStatus`, where Node has older ones. */
const newerPhrases: Readonly<Record<string, string>> = {
  413: "Content Too Large",
  422: "Unprocessable Content",
};

/** The standard phrase of a status, or undefined if it has none. */
export function standardPhrase(status: number | string): string | undefined {
  const { STATUS_CODES } = process.getBuiltinModule("node:http"); // an import would load undici, too
  return newerPhrases[status] ?? STATUS_CODES[status];
}

/** What FastAPI says of an error without a detail: the status' standard phrase. */
export function statusPhrase(status: number): string {
  return standardPhrase(status) ?? `HTTP ${status}`;
}

/** One mistake in a request, in FastAPI's shape. */
export interface ValidationDetail {
  /** The kind of mistake: `missing`, `json_invalid`, or the schema library's own name for it. */
  readonly type: string;
  /** Where: `["query", "limit"]`, `["body", "items", 0, "price"]`. */
  readonly loc: readonly (string | number)[];
  /** What is wrong, in words. */
  readonly msg: string;
  /** The received value; for a missing field of a body, the object without it. */
  readonly input: unknown;
  /** More about the mistake, if there is more. */
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** A mistake in one line: `body.price: Expected number`. */
export function detailText({ loc, msg }: ValidationDetail): string {
  return `${loc.join(".")}: ${msg}`;
}

/**
 * The request does not fit what the operation declares: 422 `{"detail": [...]}`, unless `app.onError` answers
 * otherwise. FastAPI's `RequestValidationError`. Throw it for what a schema cannot know.
 *
 * @example
 * ```ts
 * import { App, text, ValidationError } from "offloop";
 * import { z } from "zod";
 *
 * const app = new App();
 * app.onError(ValidationError, async ({ details }) =>
 *   text(details.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("\n"), { status: 400 }));
 *
 * app.post("/users", { body: z.object({ name: z.string() }) }, async ({ body: { name } }) => {
 *   if (name === "ada") throw new ValidationError([{ type: "taken", loc: ["body", "name"], msg: "It is taken", input: name }]);
 *   return name;
 * });
 * ```
 */
export class ValidationError extends Error {
  /** The status it is answered with. */
  readonly status: number = 422;
  /** Everything that is wrong, across all inputs. */
  readonly details: readonly ValidationDetail[];
  /** The JSON body as sent. */
  readonly body: unknown;

  /**
   * Makes the error of a request that does not fit.
   *
   * @param details - What is wrong, shown to the client as it is: leave secrets out of `input`.
   * @param body - The JSON body as sent, for a handler of `app.onError`. Default: undefined.
   */
  constructor(details: readonly ValidationDetail[], body?: unknown) {
    super(`Request does not fit: ${counted(details.length, "mistake")}`);
    this.name = "ValidationError";
    this.details = details;
    this.body = body;
  }
}
