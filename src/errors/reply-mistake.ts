import { callerLocation } from "./location.ts";
import { OffloopError } from "./offloop-error.ts";
import { kindOf, shownValue } from "./shown-value.ts";

/** The error of an answer, or of an event in one, that is made with what cannot be sent. It names the line that makes it. */
export function replyMistake(action: string, fact: string, fix: string): OffloopError {
  return new OffloopError("OFFLOOP_REPLY_INVALID", `Cannot ${action}: ${fact}`, {
    at: callerLocation(),
    fix,
  });
}

/** RFC 9110, section 5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
/** RFC 9110, section 5.5, plus bytes beyond ASCII. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const AS_RECORD = 'write them as an object of texts: { "x-name": "text" }';

/**
 * Refuses what is no object of headers. The types do not see what comes out of an `any`, and an instance of `Headers`, for
 * one, has no entries of its own: all of them would be lost.
 *
 * @throws {OffloopError} `OFFLOOP_REPLY_INVALID`.
 */
export function checkHeaderRecord(action: string, headers: unknown): asserts headers is object {
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers)
    throw replyMistake(action, `expected its headers as an object, got ${shownValue(headers)}`, AS_RECORD);
}

/**
 * Also refuses headers that HTTP does not allow. A value is never shown, since it may be a secret.
 *
 * @throws {OffloopError} `OFFLOOP_REPLY_INVALID`.
 */
export function checkHeaders(action: string, headers: unknown): void {
  checkHeaderRecord(action, headers);
  for (const [name, value] of Object.entries(headers)) checkHeader(action, name, value);
}

function checkHeader(action: string, name: string, value: unknown): void {
  if (!HEADER_NAME.test(name))
    throw replyMistake(
      action,
      `${shownValue(name)} cannot be the name of a header`,
      "use letters, digits and hyphens",
    );
  if (typeof value !== "string" && typeof value !== "number") {
    const got = Array.isArray(value) ? "an array" : kindOf(value);
    throw replyMistake(action, `expected a text for the header ${name}, got ${got}`, AS_RECORD);
  }
  if (!HEADER_VALUE.test(String(value)))
    throw replyMistake(
      action,
      `the value of the header ${name} has characters that a header cannot have`,
      "keep it on one line and in Latin-1; encodeURIComponent() turns any other text into such",
    );
}
