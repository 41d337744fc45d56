import { Counter, Histogram, type Registry } from "prom-client";
import { blockedChannel, operationChannel, taskChannel, threadChannel } from "../channels/channels.ts";
import { listen } from "../channels/listen.ts";
import { runBuckets } from "./buckets.ts";

/** What the channels tell of runs: how long they waited and ran, what failed, what blocked. */
export interface RunMetrics {
  /** Tasks that follow a response and have been handed to their lane. */
  readonly followUps: number;
  close(): void;
}

export function createRunMetrics(registry: Registry): RunMetrics {
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
