import type { Span, SpanStatusCode } from "@opentelemetry/api";
import type { DescribedError } from "../errors/described-error.ts";

/** The API's `SpanStatusCode.ERROR`, without loading the API for one number. */
export const ERROR: SpanStatusCode.ERROR = 2;

/** Says what a span failed from. */
export function markFailed(span: Span, { type, code, message }: DescribedError): void {
  span.setAttribute("error.type", code ?? type);
  span.setStatus({ code: ERROR, message });
}

/** Says it, and keeps the error with its stack: on the span whose work threw it, not on those around it. */
export function recordFailure(span: Span, error: DescribedError): void {
  markFailed(span, error);
  const { type: name, message, stack } = error;
  span.recordException(stack === undefined ? { name, message } : { name, message, stack });
}
