import type { JobAction, JobRow, ShownState, StateFilter } from "../shown-jobs.ts";
import { ageText, durationText } from "./duration.ts";
import { make } from "./element.ts";

/** What a list can be filtered by, in the order in which a job passes through the states. */
export const stateFilters: readonly StateFilter[] = [
  "waiting",
  "running",
  "failed",
  "dead",
  "ended",
  "done",
  "cancelled",
];

/** What people read for an address's `state`. */
export function filterText(state: string): string {
  return state === "ended" ? "done, cancelled" : state;
}

/** A state as a word next to its colour. */
export function stateMark(state: ShownState): HTMLElement {
  const mark = make("span", "job-state", state);
  mark.dataset.state = state;
  return mark;
}

/** An action that is possible on a job, and its button's label. */
export interface PossibleAction {
  readonly action: JobAction;
  readonly label: string;
}

/** The actions that a job's state allows. */
export function actionsOn({ state, runAt }: JobRow, now: number): readonly PossibleAction[] {
  const cancel = { action: "cancel", label: "Cancel" } as const;
  const runNow = { action: "retry", label: "Run now" } as const;
  if (state === "waiting") return runAt > now ? [runNow, cancel] : [cancel];
  if (state === "running") return [{ action: "cancel", label: "End" }];
  if (state === "failed") return [runNow, cancel];
  if (state === "done") return [];
  const runAgain = { action: "retry", label: "Run again" } as const;
  return state === "dead" ? [runAgain, { action: "cancel", label: "Give up" }] : [runAgain];
}

/** Since when, for how long, or in how long: whichever matters in each state. */
export function whenText({ state, runAt, startedAt, endedAt }: JobRow, now: number): string {
  if (state === "waiting" && runAt > now) return `in ${ageText(runAt - now)}`;
  if (state === "waiting") return `waits ${ageText(now - runAt)}`;
  if (state === "failed") return runAt > now ? `again in ${ageText(runAt - now)}` : "again now";
  if (state === "running") return `for ${ageText(now - (startedAt ?? now))}`;
  const ago = `${ageText(now - (endedAt ?? now))} ago`;
  const took = state === "done" && startedAt !== null && endedAt !== null;
  return took ? `${ago}, took ${durationText(Math.max(0, endedAt - startedAt))}` : ago;
}
