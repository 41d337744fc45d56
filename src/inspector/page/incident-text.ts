import { durationText } from "./duration.ts";
import type { GroupTotal } from "./known-incidents.ts";

/** What a block is attributed to. */
export function blamed(name: string | null): string {
  if (name === null) return "by unknown code";
  return name.startsWith("probably ") ? name.replace("probably ", "probably by ") : `by ${name}`;
}

/** Says in one line what happened. @param durationMs - How long it took; for several, the longest. */
export function titleOf({ kind, name, place, message, count }: GroupTotal, durationMs: number): string {
  const where = place === null ? "" : ` at ${place}`;
  const what = message === "" ? "" : `: ${message}`;
  const most = count > 1 && durationMs > 0 ? "up to " : "";
  switch (kind) {
    case "blocked":
      return `Loop blocked for ${most}${durationText(durationMs)} ${blamed(name)}${where}${what.replace(/^: (.+)/, " ($1)")}`;
    case "killed":
      return `Thread ended: ${name ?? "its call"} ran past its deadline${where}`;
    case "ended":
      return `Thread ended: ${name ?? "it"} ${message}${where}`;
    case "timeout":
      return `${name} ran past its deadline${what}`;
    case "refused":
      return `${name} was refused${what}`;
    case "failed":
      return `${name} failed${what}${where}`;
    case "broken":
      return `${name} broke off${what}${where}`;
    case "error":
      return `${name} answered ${message}${where}`;
  }
}
