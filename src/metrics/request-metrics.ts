import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Operation } from "../app/operation.ts";
import type { ResponseOutcome } from "../channels/channels.ts";

/** In seconds: OpenTelemetry's recommendation for HTTP durations, extended to where timeouts are. */
export const durationBuckets: number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 60, 120,
];

/** In seconds: a stream lasts as long as someone listens. */
const streamBuckets = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];

/** A request that was answered, or whose client has gone. */
export interface AnsweredRequest {
  readonly method: string;
  /** The scheme of its URL: `https` where the connection or a trusted proxy says so. */
  readonly scheme: string;
  /** The path with its parameters, `/items/:item_id`; undefined when no route matched. */
  readonly route: string | undefined;
  /** The operation that answered; undefined when none did. */
  readonly operation: string | undefined;
  /** Undefined when the client had gone, or the shutdown had ended it, before there was one. */
  readonly status: number | undefined;
  /** Until the end of its response, or until the head of a streamed one. */
  readonly durationMs: number;
  /** How long the stream lasted that it was answered with; undefined when the body was ready at once. */
  readonly streamedMs: number | undefined;
  /** How its response ended. */
  readonly outcome: ResponseOutcome;
}

/** Counts requests, under the names of OpenTelemetry's conventions for HTTP servers. */
export interface RequestMetrics {
  begin(method: string): void;
  end(request: AnsweredRequest): void;
  /** Something arrived that could not be read as a request, and was answered with this status. */
  unread(status: number): void;
}

/** The methods of RFC 9110 and RFC 5789; a label for any other would be chosen by the client. */
const known = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]);

/** @param countError - Called for each request that was answered with 5xx, broke off, or was ended by the shutdown. */
export function createRequestMetrics(registry: Registry, countError: CountError): RequestMetrics {
  const countActive = activeRequests(registry);
  const { duration, streams, unread } = instruments(registry);
  for (const status of [400, 408, 417, 431]) unread.inc({ http_response_status_code: status }, 0);
  return {
    unread: (status) => unread.inc({ http_response_status_code: status }),
    begin: (method) => countActive(methodLabel(method), 1),
    end: (request) => {
      const { method, scheme, route = "", operation, status = "", durationMs, streamedMs } = request;
      const http_request_method = methodLabel(method);
      const error_type = errorType(request);
      countActive(http_request_method, -1);
      duration.observe(
        {
          http_request_method,
          http_route: route,
          http_response_status_code: status,
          url_scheme: scheme === "https" ? scheme : "http",
          error_type,
        },
        durationMs / 1000,
      );
      if (operation === undefined) return;
      if (streamedMs !== undefined) streams.observe({ operation }, streamedMs / 1000);
      if (error_type !== "") countError(operation, error_type);
    },
  };
}

/** @returns Counts a request with this method that begins (1) or ends (-1). */
function activeRequests(registry: Registry): (http_request_method: string, change: 1 | -1) => void {
  const active = new Map<string, number>();
  new Gauge({
    name: "http_server_active_requests",
    help: "Requests in progress",
    labelNames: ["http_request_method"],
    registers: [registry],
    // Counted apart, since two changes of a gauge would cost each request half a microsecond.
    collect() {
      for (const [http_request_method, count] of active) this.set({ http_request_method }, count);
    },
  });
  return (method, change) => void active.set(method, (active.get(method) ?? 0) + change);
}

function instruments(registry: Registry): {
  duration: Histogram;
  streams: Histogram;
  unread: Counter;
} {
  const registers = [registry];
  return {
    duration: new Histogram({
      name: "http_server_request_duration_seconds",
      help: "From the head of the request to the end of its response, or to the head of a streamed one",
      labelNames: [
        "http_request_method",
        "http_route",
        "http_response_status_code",
        "url_scheme",
        "error_type",
      ],
      buckets: durationBuckets,
      registers,
    }),
    streams: new Histogram({
      name: "offloop_stream_seconds",
      help: "From the head of a streamed response to its end, whichever it was",
      labelNames: ["operation"],
      buckets: streamBuckets,
      registers,
    }),
    unread: new Counter({
      name: "offloop_unread_requests_total",
      help: "What came and was refused before it was read as a request: no HTTP, a head that is too large or too slow",
      labelNames: ["http_response_status_code"],
      registers,
    }),
  };
}

/** OpenTelemetry's `error.type`; empty for none. A client that goes away is not an error of the server. */
function errorType({ status = 0, outcome }: AnsweredRequest): string {
  if (outcome === "broken") return "broken_stream";
  if (outcome === "cut") return "shutdown";
  return status >= 500 ? String(status) : "";
}

function methodLabel(method: string): string {
  return known.has(method) ? method : "_OTHER";
}

/** Counts an error of an operation, by its type. */
export type CountError = (operation: string, type: string) => void;

/**
 * The usual errors; a request may have other statuses of 500-599. A message is answered with one of these, which closes
 * its socket.
 */
const messageErrors = ["500", "503", "504"];
const requestErrors = [...messageErrors, "broken_stream", "shutdown"];

/** @param operations - Operations whose errors are counted from 0 on. */
export function createErrorMetrics(
  registry: Registry,
  operations: readonly Pick<Operation, "id" | "isMessage">[],
): CountError {
  const errors = new Counter({
    name: "offloop_operation_errors_total",
    help: "Requests answered with 5xx or ended by the shutdown, streams that broke off, and messages of sockets that failed",
    labelNames: ["operation", "error_type"],
    registers: [registry],
  });
  for (const { id: operation, isMessage } of operations)
    for (const error_type of isMessage ? messageErrors : requestErrors)
      errors.inc({ operation, error_type }, 0);
  return (operation, error_type) => errors.inc({ operation, error_type });
}
