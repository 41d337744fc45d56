import { basename } from "node:path";
import type { BlockCulprit, BlockPlace, BlockReport, TaskEvent, ThreadEvent } from "../channels/channels.ts";
import type { Incident } from "./batch.ts";

type Known = Omit<Incident, "id">;
type TaskEnd = Extract<TaskEvent, { event: "end" }>;

/** A stretch in which the loop was blocked. */
export function blockedIncident(report: BlockReport, origin: number): Known {
  const [first, ...others] = report.culprits;
  return {
    kind: "blocked",
    at: report.startedAt - origin,
    durationMs: report.durationMs,
    thread: 0,
    name: first === undefined ? null : nameOf(first),
    place: first?.at === undefined ? null : placeText(first.at),
    facts: [
      stateSentence(report),
      ...(report.waitedRequests > 0 ? [`${plural(report.waitedRequests, "request")} waited.`] : []),
      ...(first === undefined ? [nobodySeen(report)] : certainty(first)),
      ...others.map((one) => `Also seen: ${nameOf(one)}${placeSuffix(one.at)}.`),
    ],
    stack: first === undefined ? [] : [first.within, first.at].flatMap((at) => (at ? [frame(at)] : [])),
  };
}

/** A thread that was ended since its call ran past its deadline. */
export function killedIncident({ thread, threads, ran }: ThreadEvent, at: number): Known {
  const call = ran === undefined ? "its call" : ran.work;
  return {
    ...nothingKnown,
    kind: "killed",
    at,
    thread,
    name: ran?.work ?? null,
    place: ran === undefined ? null : placeText(ran),
    facts: [
      `Thread ${thread} was ended: ${call} ran past its deadline.`,
      `${plural(threads, "thread")} left in the pool.`,
    ],
  };
}

/** A task that threw. */
export function failedIncident({ task, request, job, thread, runMs, stack }: TaskEnd, at: number): Known {
  const called = job === undefined ? "It was called." : `It was an attempt of job ${job}.`;
  const after = request === undefined ? called : `It ran after request ${request}.`;
  const where = thread === undefined ? "It never got to a thread." : `It ran ${onThread(thread)}.`;
  return {
    ...nothingKnown,
    kind: "failed",
    at,
    durationMs: runMs,
    thread: thread ?? null,
    name: `task ${task}`,
    facts: [where, after, "What it threw is in the log."],
    stack,
  };
}

const nothingKnown = { durationMs: 0, name: null, place: null, stack: [] } as const;

function nobodySeen({ state }: BlockReport): string {
  return state === "starved"
    ? "No operation is to blame."
    : "What ran could not be seen; offloop dev, or the watchdog's level development, sees more.";
}

function nameOf({ operation, certain, oneOfMany }: BlockCulprit): string {
  if (oneOfMany === true) return `many short runs of ${operation}`;
  return `${certain ? "" : "probably "}${operation ?? "code outside any operation"}`;
}

function stateSentence({ state, cpuMs, gcMs }: BlockReport): string {
  const collected = gcMs >= 1 ? `, ${Math.round(gcMs)} ms of it collecting garbage` : "";
  if (state === "asleep") return "The main thread was asleep in a synchronous call.";
  if (state === "starved") return "The main thread was ready to run; other processes had the CPU.";
  return `The main thread computed for ${Math.round(cpuMs)} ms${collected}.`;
}

function certainty({ certain, candidates, oneOfMany, request }: BlockCulprit): string[] {
  if (oneOfMany === true) return ["One turn of the loop held many runs; none is to blame by itself."];
  const asked = request === undefined ? [] : [`It ran for request ${request}.`];
  if (certain) return asked;
  const names = candidates.length === 0 ? "" : ` In progress then: ${candidates.join(", ")}.`;
  return [`Seen just after, so not certain.${names}`, ...asked];
}

function placeText({ file, line }: Pick<BlockPlace, "file" | "line">): string {
  return `${basename(file)}:${line}`;
}

function placeSuffix(at: BlockPlace | undefined): string {
  return at === undefined ? "" : ` at ${placeText(at)}`;
}

function frame({ file, line, column, functionName, precision }: BlockPlace): string {
  const place = `${file}:${line}${column === undefined ? "" : `:${column}`}`;
  const note = { exact: "", near: "  (or a native call just before)", function: "  (somewhere in it)" }[
    precision
  ];
  return functionName === undefined ? `at ${place}${note}` : `at ${functionName} (${place})${note}`;
}

function onThread(thread: number): string {
  return thread === 0 ? "on the loop" : `on thread ${thread}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
