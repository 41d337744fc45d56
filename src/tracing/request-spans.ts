import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Attributes, Context, Span, SpanStatusCode, Tracer } from "@opentelemetry/api";
import type { Operation } from "../app/operation.ts";
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
  /** Calls a function when the response has been sent, or the client has gone: then with an error. */
  onOver(run: (error: Error | null | undefined) => void): void;
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
    begins.onOver((error) => end(begun, response, error != null));
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

function end({ span, failed }: RequestSpan, response: ServerResponse, cut: boolean): void {
  const { headersSent, statusCode } = response;
  const isSocket = statusCode === 101;
  if (headersSent || isSocket) span.setAttribute("http.response.status_code", statusCode);
  if (!failed && cut && !isSocket) span.setAttribute("error.type", "client_gone");
  else if (!failed && statusCode >= 500) {
    span.setAttribute("error.type", String(statusCode));
    span.setStatus({ code: ERROR });
  }
  span.end();
}

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
