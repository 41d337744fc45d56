import { Counter, Histogram, type Registry } from "prom-client";
import type { Lane } from "../app/lane.ts";
import type { Operation } from "../app/operation.ts";
import type { TaskDeclaration } from "../app/tasks/task-declaration.ts";
import {
  blockedChannel,
  jobChannel,
  listen,
  operationChannel,
  type RefusalReason,
  taskChannel,
  threadChannel,
} from "../channels/channels.ts";
import { type CountError, durationBuckets } from "./request-metrics.ts";

/** In seconds: waits and runs inside the process are often much shorter than a request. */
const runBuckets = [0.0001, 0.0005, 0.001, 0.0025, ...durationBuckets, 300];

/** What an app declares: anything known before it first happens is counted from 0 on. */
export interface DeclaredWork {
  readonly operations: readonly Pick<Operation, "id" | "lane" | "isMessage">[];
  readonly tasks: readonly Pick<TaskDeclaration, "name" | "lane" | "durable">[];
}

/** What the channels report about runs: how long they waited and ran, what failed, what blocked. */
export interface RunMetrics {
  /** Tasks that follow a response and have been handed to their lane. */
  readonly followUps: number;
  close(): void;
}

/**
 * Counts runs from now on.
 *
 * @param countError - Called for messages that failed; requests report by themselves how they ended.
 */
export function createRunMetrics(
  registry: Registry,
  declared: DeclaredWork,
  countError: CountError,
): RunMetrics {
  let followUps = 0;
  const messages = new Set(declared.operations.flatMap(({ id, isMessage }) => (isMessage ? id : [])));
  const refuse = countRefusals(registry);
  const operations = timesOf(registry, "operation", refuse);
  const tasks = timesOf(registry, "task", refuse);
  const failed = counter(registry, "offloop_task_failures_total", "Tasks that threw", ["task"]);
  for (const { name: task } of declared.tasks) failed.inc({ task }, 0);
  const stops = [
    listen(operationChannel, (event) => {
      if (event.event === "start") return;
      operations(event.operation, event);
      const { operation, status } = event;
      if (status >= 500 && status < 600 && messages.has(operation)) countError(operation, String(status));
    }),
    listen(taskChannel, (event) => {
      if (event.request !== undefined) followUps += event.event === "start" ? 1 : -1;
      if (event.event === "start") return;
      tasks(event.task, event);
      if (!event.ok && !event.cancelled) failed.inc({ task: event.task });
    }),
    countAttempts(registry, declared),
    countThreadEnds(registry),
    countBlocks(registry, declared),
  ];
  return {
    get followUps() {
      return Math.max(0, followUps); // tasks that were under way before there were metrics end, too
    },
    close: () => {
      for (const stop of stops) stop();
    },
  };
}

/** @returns Counts a call that never ran. */
function countRefusals(registry: Registry): (reason: RefusalReason) => void {
  const help = "Calls of operations and tasks that never ran on their thread";
  const refused = counter(registry, "offloop_refused_total", help, ["reason"]);
  for (const reason of ["queue_full", "threads_down", "client_gone", "closing"] satisfies RefusalReason[])
    refused.inc({ reason }, 0);
  return (reason) => refused.inc({ reason });
}

/** @returns Stops counting. */
function countThreadEnds(registry: Registry): () => void {
  const help = "Threads that left, ended on their own, were killed for a deadline, or did not load the app";
  const ends = counter(registry, "offloop_thread_ends_total", help, ["how"]);
  for (const how of ["leave", "exit", "kill", "fail"]) ends.inc({ how }, 0);
  return listen(threadChannel, ({ event }) => {
    if (event !== "start") ends.inc({ how: event });
  });
}

/** @returns Stops counting. */
function countBlocks(registry: Registry, { operations, tasks }: DeclaredWork): () => void {
  const help = "How long the event loop was blocked, by what blocked it; empty when that is not certain";
  const blocked = counter(registry, "offloop_blocked_seconds_total", help, ["operation", "state"]);
  const names = [...operations.filter(onLoop).map(({ id }) => id)];
  for (const { name } of tasks.filter(onLoop)) names.push(`task ${name}`);
  for (const operation of ["", ...names])
    for (const state of ["computing", "asleep"]) blocked.inc({ operation, state }, 0);
  blocked.inc({ operation: "", state: "starved" }, 0);
  return listen(blockedChannel, ({ durationMs, state, culprits: [first] }) => {
    // Other processes are nobody's operation.
    const isTheirs = state !== "starved" && first?.certain === true;
    const operation = (isTheirs ? first.operation : undefined) ?? "";
    blocked.inc({ operation, state }, durationMs / 1000);
  });
}

function onLoop({ lane }: { readonly lane: Lane }): boolean {
  return lane === "loop";
}

const outcomes = ["done", "failed", "dead", "cancelled", "interrupted", "lost"];

/** Counts the attempts of jobs. @returns Stops counting. */
function countAttempts(registry: Registry, { tasks }: DeclaredWork): () => void {
  const help = "Attempts of jobs that ended here, by how";
  const attempts = counter(registry, "offloop_job_attempts_total", help, ["task", "outcome"]);
  const durable = tasks.filter((task) => task.durable !== undefined);
  for (const { name: task } of durable) for (const outcome of outcomes) attempts.inc({ task, outcome }, 0);
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

interface Times {
  readonly lane: Lane;
  readonly thread: number | undefined;
  readonly queueMs: number;
  readonly runMs: number;
  readonly refused: RefusalReason | undefined;
}

/**
 * Makes two histograms for a kind of work: how long it waited for its lane, and how long it ran. Work that never ran is
 * in neither.
 */
function timesOf(
  registry: Registry,
  kind: "operation" | "task",
  refuse: (reason: RefusalReason) => void,
): (name: string, times: Times) => void {
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
  return (name, { lane, thread, queueMs, runMs, refused }) => {
    if (refused !== undefined) refuse(refused);
    if (thread === undefined) return;
    if (lane === "thread") queue.observe({ [kind]: name, lane }, queueMs / 1000);
    run.observe({ [kind]: name, lane }, runMs / 1000);
  };
}

function counter(registry: Registry, name: string, help: string, labelNames: string[]): Counter {
  return new Counter({ name, help, labelNames, registers: [registry] });
}
