import type { ResolvedWatch } from "../app/settings/watch-settings.ts";
import type { BlockCulprit, BlockPlace, BlockReport } from "../channels/channels.ts";
import { counted } from "../errors/counted.ts";
import { formatLocation } from "../errors/offloop-error.ts";

/**
 * A report in one sentence: how long, by what, where, and who waited.
 *
 * @param level - How closely the loop is watched.
 */
export function reportText(report: BlockReport, level: ResolvedWatch["level"]): string {
  const { state, durationMs, delayMs = 0, gcMs, waitedRequests, culprits } = report;
  const [ms, delay] = [Math.round(durationMs), Math.round(delayMs)];
  const waited = waitedRequests === 0 ? "" : `; ${counted(waitedRequests, "request")} waited`;
  if (state === "starved") {
    const why = delay >= ms / 2 ? `others had the CPU for ${delay} of them` : "what it waited for got no CPU";
    return `event loop held up for ${ms} ms (starved): ${why}, and no operation is to blame${waited}`;
  }
  const stretched = delay >= ms / 5 ? `, without a CPU for ${delay} of them` : "";
  const how = state === "asleep" ? "asleep in a synchronous call" : "computing";
  const gc = gcMs >= ms / 5 ? `, ${Math.round(gcMs)} ms of it garbage collection,` : "";
  return `event loop blocked for ${ms} ms (${how}${stretched})${gc} ${byWhom(culprits, level)}${waited}`;
}

/** What to do about it, to follow the sentence. Empty where no operation is to blame, or no single run of one. */
export function fixText({ culprits: [first] }: BlockReport): string {
  if (first?.operation === undefined || first.oneOfMany === true) return "";
  const way = isWholeSocket(first.operation)
    ? "await a plain task, which runs on a thread"
    : "make the function plain, so that it runs on a thread";
  return `; fix: ${way}, or await a call that does not block`;
}

/** Functions that have the socket cannot be plain: only `WEBSOCKET /path message` can. */
function isWholeSocket(operation: string): boolean {
  return operation.startsWith("WEBSOCKET ") && !operation.endsWith(" message");
}

/** What the watchdog says while the loop is blocked. */
export function liveText(
  ms: number,
  who: string,
  at: BlockPlace | undefined,
  waiting: number | undefined,
): string {
  const place = at === undefined ? "" : ` ${placeText(at)}`;
  const waits = waiting ? `; ${counted(waiting, "request")} waiting` : "";
  return `event loop blocked for ${Math.round(ms)} ms so far by ${who}${place}${waits}`;
}

/** Names of operations, when it may have been any of them. */
export function anyOf(names: readonly string[]): string {
  return names.length === 0
    ? "code outside any operation"
    : names.length === 1
      ? String(names[0])
      : `one of ${names.join(", ")}`;
}

/** The same, for an operation that was in progress without being seen running. */
export function probably(names: readonly string[]): string {
  return names.length === 0 ? anyOf(names) : `probably ${anyOf(names)}`;
}

const COULD_NOT_LOOK = "by something the watchdog could not look at";
const LOOK_CLOSER = '; if it comes again, offloop dev or watch: { level: "development" } sees more';

/** Many runs that followed each other in one turn. */
export function manyRuns(names: readonly string[]): string {
  return `many short runs in one turn, of ${names.join(", ")}`;
}

function byWhom(culprits: readonly BlockCulprit[], level: ResolvedWatch["level"]): string {
  const [first] = culprits;
  if (first === undefined) return level === "development" ? COULD_NOT_LOOK : COULD_NOT_LOOK + LOOK_CLOSER;
  const total = culprits.reduce((sum, { samples }) => sum + samples, 0);
  const share = culprits.length === 1 ? "" : ` (${first.samples} of ${total} samples)`;
  const others = new Set(
    culprits.flatMap(({ operation }) => (operation === first.operation ? [] : name(operation))),
  );
  const also = others.size === 0 ? "" : `, also by ${[...others].join(", ")}`;
  return `${culpritText(first)}${share}${also}`;
}

function culpritText({ operation, certain, candidates, oneOfMany, at, within }: BlockCulprit): string {
  if (oneOfMany === true) return `by ${manyRuns([name(operation)])}`;
  const place = at === undefined ? "" : ` ${placeText(at)}`;
  const inner = within === undefined ? "" : `, inside ${placeText(within).replace(/^at /, "")}`;
  if (certain) return `by ${name(operation)}${place}${inner}`;
  const others = candidates.filter((candidate) => candidate !== operation);
  return `probably by ${name(operation)}${place}${inner}${others.length === 0 ? "" : `, or else by ${anyOf(others)}`}`;
}

function placeText({ file, line, column, functionName, precision }: BlockPlace): string {
  const at = formatLocation({ file, line, column: column ?? 1 });
  const shown = column === undefined ? at.replace(/:1$/, "") : at;
  if (precision === "function") return `in ${functionName ?? "a function"}, ${shown}`;
  const named = functionName === undefined ? shown : `${shown} (${functionName})`;
  return precision === "near" ? `at or just before ${named}` : `at ${named}`;
}

function name(operation: string | undefined): string {
  return operation ?? "code outside any operation";
}
