import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Jobs } from "../app/jobs.ts";
import {
  blockedChannel,
  jobChannel,
  listen,
  operationChannel,
  taskChannel,
  threadChannel,
} from "../channels/channels.ts";
import { createJobMetrics, createStateMetrics, processMetrics, type ServerState } from "./state-metrics.ts";
import { askAllWorkers, shareWithPrimary } from "./worker-metrics.ts";

/** The metrics of a server. */
export interface Metrics {
  readonly requests: RequestMetrics;
  /** Media type of {@link text}. */
  readonly mediaType: string;
  /** All of them, in the Prometheus text format; of all workers where there are several. */
  text(): Promise<string>;
  close(): void;
}

/**
 * Opens the metrics of a server. They listen to the channels from now on.
 *
 * @param jobs - Undefined when no task is durable.
 */
export function openMetrics(readState: () => ServerState, jobs: Pick<Jobs, "counts"> | undefined): Metrics {
  const registry = new Registry();
  const requests = createRequestMetrics(registry);
  const runs = createRunMetrics(registry);
  createStateMetrics(registry, readState, () => runs.followUps);
  if (jobs !== undefined) createJobMetrics(registry, jobs);
  const all = [registry, processMetrics()];
  const isShared = shareWithPrimary(all);
  return {
    requests,
    mediaType: registry.contentType,
    text: () => (isShared ? askAllWorkers() : Registry.merge(all).metrics()),
    close: () => {
      runs.close();
      registry.clear();
    },
  };
}

/** What the channels tell of runs: how long they waited and ran, what failed, what blocked. */
export interface RunMetrics {
  /** Tasks that follow a response and have been handed to their lane. */
  readonly followUps: number;
  close(): void;
}

function createRunMetrics(registry: Registry): RunMetrics {
  let followUps = 0;
  const operations = timesOf(registry, "operation");
  const tasks = timesOf(registry, "task");
  const failed = new Counter({
    name: "offloop_task_failures_total",
    help: "Tasks that threw",
    labelNames: ["task"],
    registers: [registry],
  });
  const threadEnds = new Counter({
    name: "offloop_thread_ends_total",
    help: "Threads that left, ended on their own, or were killed for a deadline",
    labelNames: ["how"],
    registers: [registry],
  });
  const blocked = new Counter({
    name: "offloop_blocked_seconds_total",
    help: "How long the event loop was blocked, by what blocked it; empty when that is not certain",
    labelNames: ["operation"],
    registers: [registry],
  });
  const stops = [
    listen(operationChannel, (event) => {
      if (event.event === "end") operations(event.operation, event);
    }),
    listen(taskChannel, (event) => {
      if (event.request !== undefined) followUps += event.event === "start" ? 1 : -1;
      if (event.event === "start") return;
      tasks(event.task, event);
      if (!event.ok) failed.inc({ task: event.task });
    }),
    countAttempts(registry),
    listen(threadChannel, ({ event }) => {
      if (event !== "start") threadEnds.inc({ how: event });
    }),
    listen(blockedChannel, ({ durationMs, culprits: [first] }) => {
      const operation = (first?.certain === true ? first.operation : undefined) ?? "";
      blocked.inc({ operation }, durationMs / 1000);
    }),
  ];
  return {
    get followUps() {
      return Math.max(0, followUps); // those that were under way before there were metrics end, too
    },
    close: () => {
      for (const stop of stops) stop();
    },
  };
}

/** Counts the attempts of jobs. @returns Stops counting. */
function countAttempts(registry: Registry): () => void {
  const attempts = new Counter({
    name: "offloop_job_attempts_total",
    help: "Attempts of jobs that ended here, by how",
    labelNames: ["task", "outcome"],
    registers: [registry],
  });
  const jobRuns = new Histogram({
    name: "offloop_job_run_seconds",
    help: "How long each attempt of a job took, from its start on its lane",
    labelNames: ["task", "lane"],
    buckets: runBuckets,
    registers: [registry],
  });
  return listen(jobChannel, (event) => {
    if (event.event === "start") return;
    const { task, lane, outcome, runMs } = event;
    attempts.inc({ task, outcome });
    jobRuns.observe({ task, lane }, runMs / 1000);
  });
}

type Times = { readonly lane: string; readonly queueMs: number; readonly runMs: number };

/** Makes two histograms of a kind of work: how long it waited for its lane, and how long it ran. */
function timesOf(registry: Registry, kind: "operation" | "task"): (name: string, times: Times) => void {
  const [queue, run] = (["queue", "run"] as const).map(
    (what) =>
      new Histogram({
        name: `offloop_${kind}_${what}_seconds`,
        help: what === "queue" ? `How long each ${kind} waited for a thread` : `How long each ${kind} ran`,
        labelNames: [kind, "lane"],
        buckets: runBuckets,
        registers: [registry],
      }),
  ) as [Histogram, Histogram];
  return (name, { lane, queueMs, runMs }) => {
    if (lane === "thread") queue.observe({ [kind]: name, lane }, queueMs / 1000);
    run.observe({ [kind]: name, lane }, runMs / 1000);
  };
}

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

function createRequestMetrics(registry: Registry): RequestMetrics {
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

/** In seconds: OpenTelemetry's advice for HTTP durations. */
const durationBuckets: number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** In seconds: what waits or runs inside the process is often much shorter than a request. */
const runBuckets: number[] = [0.0001, 0.0005, 0.001, 0.0025, ...durationBuckets, 30, 60];
