import { basename } from "node:path";
import type {
  BlockCulprit,
  BlockPlace,
  BlockReport,
  ChunksEvent,
  KilledCall,
  OperationEvent,
  TaskEvent,
  ThreadEvent,
  ThrownError,
} from "../channels/channels.ts";
import { counted } from "../errors/counted.ts";
import { shortened } from "../errors/shown-value.ts";
import { stackFrames } from "../errors/stack-frames.ts";
import type { KnownIncident } from "./incident-log.ts";

/** For a message, and for a stack. */
const MAX_LINES = 20;
const MAX_LENGTH = 300;

type OperationEnd = Extract<OperationEvent, { event: "end" }>;
type ChunksEnd = Extract<ChunksEvent, { event: "end" }>;
type TaskEnd = Extract<TaskEvent, { event: "end" }>;

/** A period in which the loop was blocked. */
export function blockedIncident(report: BlockReport, origin: number): KnownIncident {
  const [first, ...others] = report.culprits;
  return {
    kind: "blocked",
    at: report.startedAt - origin,
    durationMs: report.durationMs,
    thread: 0,
    request: first?.request ?? null,
    name: first === undefined ? null : nameOf(first),
    place: first?.at === undefined ? null : placeText(first.at),
    message: stateNotes[report.state],
    cause: report.state,
    facts: [
      stateSentence(report),
      ...(report.waitedRequests > 0 ? [`${counted(report.waitedRequests, "request")} waited.`] : []),
      ...(first === undefined ? [nobodySeen(report)] : certainty(first)),
      ...others.map((one) => `Also seen: ${nameOf(one)}${placeSuffix(one.at)}.`),
    ],
    stack: first === undefined ? [] : [first.within, first.at].flatMap((at) => (at ? [frame(at)] : [])),
  };
}

/** What a title says about how it was blocked; computing is what everybody assumes. */
const stateNotes: Readonly<Record<BlockReport["state"], string>> = {
  computing: "",
  asleep: "asleep",
  starved: "other processes had the CPU",
};

const reasons: Readonly<Record<KilledCall["reason"], string>> = {
  deadline: "ran past its deadline",
  cancelled: "was cancelled, and did not stop by itself",
  abandoned: "still produced a reply, though its client had gone",
};

/** A thread that was ended together with its call, or because it no longer took calls. */
export function killedIncident({ thread, threads, ran }: ThreadEvent, at: number): KnownIncident {
  const why = ran === undefined ? "no longer took calls" : reasons[ran.reason];
  return {
    ...nothingKnown,
    kind: ran?.reason === "deadline" ? "killed" : "ended",
    at,
    thread,
    name: ran?.work ?? null,
    message: why,
    place: ran === undefined ? null : placeText(ran),
    facts: [
      `Thread ${thread} was ended: ${ran?.work ?? "it"} ${why}.`,
      `${counted(threads, "thread")} left in the pool.`,
    ],
  };
}

/** Whether a deadline ended the thread that it ran on. */
export function isKilled({
  thread,
  error,
}: Pick<OperationEnd | ChunksEnd | TaskEnd, "thread" | "error">): boolean {
  return error?.code === "OFFLOOP_TIMEOUT" && thread !== undefined && thread > 0;
}

/** An operation that answered with 5xx. */
export function operationIncident(event: OperationEnd, at: number): KnownIncident {
  const { request, operation, thread, queueMs, runMs, status, error } = event;
  const kind = kindOfReply(event);
  const parts = thrownParts(error);
  return {
    ...parts,
    message: kind === "error" ? [status, parts.message].filter(Boolean).join(", ") : parts.message,
    ...endedParts(event, at),
    kind,
    request,
    name: operation,
    cause: `${status} ${error?.code ?? error?.type ?? ""}`,
    facts: [
      `It answered ${status}.`,
      ranSentence(thread, queueMs, runMs),
      ...(error === undefined ? ["It chose that answer itself: the log has no error."] : []),
      ...moreOf(error),
    ],
  };
}

function kindOfReply(event: OperationEnd): "killed" | "timeout" | "error" | "refused" {
  if (isKilled(event)) return "killed";
  if (event.status === 504) return "timeout";
  return event.refused === undefined ? "error" : "refused";
}

/** A stream that threw after its head was sent. */
export function brokenIncident(event: ChunksEnd, at: number): KnownIncident {
  const { request, operation, thread, error } = event;
  return {
    ...thrownParts(error),
    ...endedParts(event, at),
    kind: isKilled(event) ? "killed" : "broken",
    request,
    name: operation,
    cause: error?.code ?? error?.type ?? "",
    facts: [
      "Its status was sent before: the response broke off.",
      ...(thread === undefined ? [] : [`The stream was produced ${onThread(thread)}.`]),
      ...moreOf(error),
    ],
  };
}

/** A task that threw. */
export function failedIncident(event: TaskEnd, at: number): KnownIncident {
  const { task, request, job, thread, queueMs, runMs, error } = event;
  const called = job === undefined ? "It was called." : `It was an attempt of job ${job}.`;
  const after = request === undefined ? called : `It ran after request ${request}.`;
  return {
    ...thrownParts(error),
    ...endedParts(event, at),
    kind: isKilled(event) ? "killed" : "failed",
    request: request ?? null,
    name: `task ${task}`,
    cause: error?.code ?? error?.type ?? "",
    facts: [ranSentence(thread, queueMs, runMs), after, ...moreOf(error)],
  };
}

const nothingKnown = {
  durationMs: 0,
  request: null,
  name: null,
  place: null,
  message: "",
  cause: "",
  facts: [],
  stack: [],
} as const;

/** When and where something happened that ran from this moment on. A killed thread's mark is where the thread was ended. */
function endedParts(
  event: OperationEnd | ChunksEnd | TaskEnd,
  at: number,
): Pick<KnownIncident, "at" | "durationMs" | "thread"> {
  const { thread = null, runMs } = event;
  return isKilled(event) ? { at: at + runMs, durationMs: 0, thread } : { at, durationMs: runMs, thread };
}

/** What an error reveals by itself: where it was thrown, its first line, its stack. */
function thrownParts(error: ThrownError | undefined): Pick<KnownIncident, "place" | "message" | "stack"> {
  if (error === undefined) return { place: null, message: "", stack: [] };
  const { type, code, message, stack } = error;
  const [line = ""] = message.split("\n", 1);
  // offloop's own errors name their subject, which the title already does.
  const title = code?.startsWith("OFFLOOP_") ? line.replace(/^Cannot .*?: /, "") : `${type}: ${line}`;
  const frames = stack.map((frame) => `    ${frame}`);
  const [at] = stackFrames({ type, message, ...(code && { code }), stack: [message, ...frames].join("\n") });
  return {
    place: at === undefined ? null : placeText(at),
    message: shortened(title, MAX_LENGTH),
    stack: stack.slice(0, MAX_LINES),
  };
}

/** What follows the first line of a message: for an error of offloop's, where it is and how to fix it. */
function moreOf(error: ThrownError | undefined): string[] {
  const lines = error?.message.split("\n", MAX_LINES).slice(1) ?? [];
  return lines.map((line) => shortened(line.trim(), MAX_LENGTH)).filter((line) => line !== "");
}

function ranSentence(thread: number | undefined, queueMs: number, runMs: number): string {
  if (thread === undefined) return `It never got to a thread, and waited ${Math.round(queueMs)} ms.`;
  return `It ran for ${Math.round(runMs)} ms ${onThread(thread)}.`;
}

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
  if (state === "asleep") return "The main thread was asleep in a synchronous call.";
  if (state === "starved") return "The main thread was ready to run; other processes had the CPU.";
  return `The main thread computed for ${Math.round(cpuMs)} ms${collectedText(gcMs, cpuMs)}.`;
}

/** Threads of the engine help: collecting may take longer than the main thread computes. */
function collectedText(gcMs: number, cpuMs: number): string {
  if (gcMs < 1) return "";
  const ms = Math.round(gcMs);
  return gcMs > cpuMs ? `, and garbage was collected for ${ms} ms` : `, ${ms} ms of it collecting garbage`;
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
