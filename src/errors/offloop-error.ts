import type { ErrorCode } from "./codes.ts";
import { localPath } from "./local-path.ts";
import type { SourceLocation } from "./source-location.ts";

/** What an {@link OffloopError} is made of. */
export interface OffloopErrorParts {
  /** Where in the user's source the mistake is. */
  readonly at?: SourceLocation | undefined;
  /** Added to the place in parentheses: a second place, a thread. */
  readonly note?: string | undefined;
  /** One action that removes the error. */
  readonly fix: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * A mistake that offloop can name: its code, what happened with the value it received, where, and one action
 * that fixes it. `docs/errors.md` explains every code.
 *
 * @example
 * ```ts
 * import { App, OffloopError, serve } from "offloop";
 *
 * const app = new App();
 * try {
 *   await serve(app, { port: 80 });
 * } catch (error) {
 *   if (error instanceof OffloopError && error.code === "OFFLOOP_PORT_UNAVAILABLE") console.error(error.fix);
 * }
 * ```
 */
export class OffloopError extends Error {
  /** One of the codes in `docs/errors.md`. */
  readonly code: ErrorCode;
  /** Where in the user's source the mistake is, if that is known. */
  readonly at: SourceLocation | undefined;
  /** One action that removes the error. */
  readonly fix: string;

  /**
   * Makes an error that explains itself.
   *
   * @param code - One of the codes in `docs/errors.md`.
   * @param what - `Cannot <verb> <thing>: <fact with the received value>`, without a final period.
   * @param parts - Place, fix and cause.
   */
  constructor(code: ErrorCode, what: string, parts: OffloopErrorParts) {
    super(text(what, parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.at = parts.at;
    this.fix = parts.fix;
    this.name = code;
  }
}

function text(what: string, { at, note, fix }: OffloopErrorParts): string {
  const place =
    at === undefined ? "" : `\n  at ${formatLocation(at)}${note === undefined ? "" : ` (${note})`}`;
  return `${what}${place}\n  fix ${fix}`;
}

/** Formats a place as `file:line:column`, the file relative to the working directory when it lies inside it. */
export function formatLocation({ file, line, column }: SourceLocation): string {
  return `${localPath(file)}:${line}:${column}`;
}
