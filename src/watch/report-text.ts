import type { BlockCulprit, BlockPlace, BlockReport } from "../channels/channels.ts";
import { formatLocation } from "../errors/offloop-error.ts";

/** A report in one sentence: how long, by whom, where, and who waited. */
export function reportText(report: BlockReport): string {
  const { state, durationMs, gcMs, waitedRequests, culprits } = report;
  const ms = Math.round(durationMs);
  const what =
    state === "starved"
      ? `event loop held up for ${ms} ms, mostly since other processes had the CPU,`
      : `event loop blocked for ${ms} ms${state === "asleep" ? " (asleep in a synchronous call)" : ""}`;
  const gc = gcMs >= ms / 5 ? `, ${Math.round(gcMs)} ms of it garbage collection,` : "";
  const waited = waitedRequests === 0 ? "" : `; ${requests(waitedRequests)} waited`;
  return `${what}${gc} ${byWhom(culprits)}${waited}`;
}

/** What the watchdog says while the loop is blocked. */
export function liveText(
  ms: number,
  who: string,
  at: BlockPlace | undefined,
  waiting: number | undefined,
): string {
  const place = at === undefined ? "" : ` ${placeText(at)}`;
  const waits = waiting ? `; ${requests(waiting)} waiting` : "";
  return `event loop blocked for ${Math.round(ms)} ms so far by ${who}${place}${waits}`;
}

/** Names of operations, any of which it may have been. */
export function anyOf(names: readonly string[]): string {
  return names.length === 0
    ? "code outside any operation"
    : names.length === 1
      ? String(names[0])
      : `one of ${names.join(", ")}`;
}

/** The same, for one that was in progress without being seen at work. */
export function probably(names: readonly string[]): string {
  return names.length === 0 ? anyOf(names) : `probably ${anyOf(names)}`;
}

function byWhom(culprits: readonly BlockCulprit[]): string {
  const [first] = culprits;
  if (first === undefined) return "by something the watchdog could not look at";
  const total = culprits.reduce((sum, { samples }) => sum + samples, 0);
  const share = culprits.length === 1 ? "" : ` (${first.samples} of ${total} samples)`;
  const others = new Set(
    culprits.flatMap(({ operation }) => (operation === first.operation ? [] : name(operation))),
  );
  const also = others.size === 0 ? "" : `, also by ${[...others].join(", ")}`;
  return `${culpritText(first)}${share}${also}`;
}

function culpritText({ operation, certain, candidates, at, within }: BlockCulprit): string {
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

function requests(count: number): string {
  return count === 1 ? "1 request" : `${count} requests`;
}
