/** One thing wrong with a request, in FastAPI's shape. */
export interface ValidationDetail {
  /** The kind of mistake: `missing`, `json_invalid`, or the schema library's own name for it. */
  readonly type: string;
  /** Where: `["query", "limit"]`, `["body", "items", 0, "price"]`. */
  readonly loc: readonly (string | number)[];
  /** What is wrong, in words. */
  readonly msg: string;
  /** The value that was received; for a missing field of a body, the object that lacks it. */
  readonly input: unknown;
  /** More about the mistake, where there is more. */
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/**
 * The request does not fit what the operation declares: 422 `{"detail": [...]}`, unless `app.onError` says otherwise.
 * FastAPI's `RequestValidationError`.
 *
 * @example
 * ```ts
 * import { App, text, ValidationError } from "offloop";
 *
 * const app = new App();
 * app.onError(ValidationError, async ({ details }) =>
 *   text(details.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("\n"), { status: 400 }));
 * ```
 */
export class ValidationError extends Error {
  /** The status it is answered with. */
  readonly status: number = 422;
  /** Everything that is wrong, over all inputs. */
  readonly details: readonly ValidationDetail[];
  /** The JSON body as it was sent. */
  readonly body: unknown;

  /** @internal */
  constructor(details: readonly ValidationDetail[], body?: unknown) {
    super(`Request does not fit: ${details.length} ${details.length === 1 ? "mistake" : "mistakes"}`);
    this.name = "ValidationError";
    this.details = details;
    this.body = body;
  }
}
