import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Attributes, Context, Span, SpanStatusCode, Tracer } from "@opentelemetry/api";
import type { Operation } from "../app/operation.ts";
import type { ResponseOutcome } from "../channels/channels.ts";
import type { DescribedError } from "../errors/described-error.ts";

type Api = typeof import("@opentelemetry/api");

/** A request of an operation. */
export interface BeginningRequest {
  readonly operation: Operation;
  /** Its id in the log. */
  readonly id: string;
  /** The path as it was sent, without secrets. */
  readonly path: string;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** Calls a function when the response is over, with how it ended. */
  onOver(run: (outcome: ResponseOutcome) => void): void;
}

/** A request as a span. */
interface RequestSpan {
  readonly span: Span;
  readonly context: Context;
  failed: boolean;
}

/**
 * A span for each request: OpenTelemetry's HTTP server span.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export class RequestSpans {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #spans = new WeakMap<object, RequestSpan>();
  /** What was active while the server opened may be active in everything it does: no request belongs to it. */
  readonly #opening: Span | undefined;

  constructor(api: Api, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
    this.#opening = api.trace.getActiveSpan();
  }

  /** Starts the span of a request; it ends when the response has been sent or the client has gone. */
  begin(begins: BeginningRequest): void {
    const { operation, message, response } = begins;
    const { trace, SpanKind } = this.#api;
    const outer = this.#outerSpan();
    const parent = outer === undefined ? this.#remoteContext(message) : this.#api.context.active();
    const kind = outer === undefined ? SpanKind.SERVER : SpanKind.INTERNAL;
    const attributes = describeRequest(begins);
    const span = this.#tracer.startSpan(
      `${operation.method} ${operation.path}`,
      { kind, attributes },
      parent,
    );
    const begun: RequestSpan = { span, context: trace.setSpan(parent, span), failed: false };
    this.#spans.set(message, begun);
    begins.onOver((outcome) => end(begun, response, outcome));
  }

  /** Runs the code that answers a request as part of its span. */
  within<Result>(request: object, run: () => Result): Result {
    const begun = this.#spans.get(request);
    return begun === undefined ? run() : this.#api.context.with(begun.context, run);
  }

  /** The span of a request; undefined where it has none. */
  of(request: object): Span | undefined {
    return this.#spans.get(request)?.span;
  }

  /** Records why a request failed. */
  fail(request: object, error: DescribedError): void {
    const begun = this.#spans.get(request);
    if (begun === undefined || begun.failed || !begun.span.isRecording()) return;
    begun.failed = true;
    recordFailure(begun.span, error);
  }

  /** The span of an instrumentation that sees requests before offloop does. */
  #outerSpan(): Span | undefined {
    const active = this.#api.trace.getActiveSpan();
    return active === this.#opening ? undefined : active;
  }

  #remoteContext({ headers }: IncomingMessage): Context {
    return this.#api.propagation.extract(this.#api.ROOT_CONTEXT, headers);
  }
}

/** Without the query and the headers: their contents may not be meant for everyone who reads traces. */
function describeRequest({ operation, id, path, message }: BeginningRequest): Attributes {
  const { method, path: route, lane } = operation;
  const { socket, httpVersion } = message;
  const { localAddress, localPort, remoteAddress } = socket;
  const attributes: Attributes = {
    "http.request.method": method,
    "http.route": route,
    "url.path": path,
    "url.scheme": (socket as TLSSocket).encrypted ? "https" : "http",
    "network.protocol.version": httpVersion,
    "offloop.request_id": id,
    "offloop.lane": lane,
  };
  if (localAddress !== undefined) attributes["server.address"] = localAddress;
  if (localPort !== undefined) attributes["server.port"] = localPort;
  if (remoteAddress !== undefined) attributes["client.address"] = remoteAddress;
  return attributes;
}

function end({ span, failed }: RequestSpan, response: ServerResponse, outcome: ResponseOutcome): void {
  const { headersSent, statusCode } = response;
  if (headersSent || statusCode === 101) span.setAttribute("http.response.status_code", statusCode);
  const type = unsent[outcome] ?? (statusCode >= 500 ? String(statusCode) : undefined);
  if (!failed && type !== undefined) {
    span.setAttribute("error.type", type);
    if (outcome !== "gone") span.setStatus({ code: ERROR }); // a client that leaves is no error of the server
  }
  span.end();
}

/** The `error.type` of a response that was not sent whole. */
const unsent: Readonly<Partial<Record<ResponseOutcome, string>>> = {
  gone: "client_gone",
  broken: "broken_stream",
  cut: "shutdown",
};

/** The API's `SpanStatusCode.ERROR`, without loading the API for one number. */
const ERROR: SpanStatusCode.ERROR = 2;

/** Records why a span failed. */
export function markFailed(span: Span, { type, code, message }: DescribedError): void {
  span.setAttribute("error.type", code ?? type);
  span.setStatus({ code: ERROR, message });
}

/** Does this and keeps the error with its stack: on the span whose work threw it, not on those around it. */
export function recordFailure(span: Span, error: DescribedError): void {
  markFailed(span, error);
  const { type: name, message, stack } = error;
  span.recordException(stack === undefined ? { name, message } : { name, message, stack });
}
