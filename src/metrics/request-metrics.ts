import { Gauge, Histogram, type Registry } from "prom-client";
import { durationBuckets } from "./buckets.ts";

/** A request that was answered, or whose client has gone. */
export interface AnsweredRequest {
  readonly method: string;
  /** The path with its names, `/items/:item_id`; undefined when there is none there. */
  readonly route: string | undefined;
  /** Undefined when the client had gone before there was one. */
  readonly status: number | undefined;
  readonly durationMs: number;
}

/** Counts requests, under the names of OpenTelemetry's conventions for HTTP servers. */
export interface RequestMetrics {
  begin(method: string): void;
  end(request: AnsweredRequest): void;
}

/** The methods of RFC 9110 and RFC 5789; a label of any other would be the client's to choose. */
const known = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]);

export function createRequestMetrics(registry: Registry): RequestMetrics {
  const active = new Gauge({
    name: "http_server_active_requests",
    help: "Requests in progress",
    labelNames: ["http_request_method"],
    registers: [registry],
  });
  const duration = new Histogram({
    name: "http_server_request_duration_seconds",
    help: "From the request's head to the end of its response",
    labelNames: ["http_request_method", "http_route", "http_response_status_code"],
    buckets: durationBuckets,
    registers: [registry],
  });
  return {
    begin: (method) => active.inc({ http_request_method: label(method) }),
    end: ({ method, route = "", status, durationMs }) => {
      active.dec({ http_request_method: label(method) });
      duration.observe(
        { http_request_method: label(method), http_route: route, http_response_status_code: status ?? "" },
        durationMs / 1000,
      );
    },
  };
}

function label(method: string): string {
  return known.has(method) ? method : "_OTHER";
}
