import { clockText, durationText } from "./duration.ts";
import { labelOf } from "./rows.ts";
import { hasEnded, type Scene, type Shown } from "./scene.ts";

/** What is told of a run that is pointed at: its name, then what is known of it. */
export function describeRun({ store, now }: Scene, run: Shown): readonly [string, ...string[]] {
  const name = store.names[run.name];
  const title = name === undefined ? "?" : name.kind === "task" ? `task ${name.name}` : name.name;
  const request = run.request === null ? [] : [`request ${run.request}`];
  const started = `at ${clockText(store.origin + run.startedAt)}`;
  if (!hasEnded(run)) {
    const where = run.thread === 0 ? "on the loop" : `probably on ${labelOf(run.thread ?? 0)}`;
    return [title, `in progress ${where} for ${durationText(now - run.startedAt)}`, started, ...request];
  }
  const where =
    run.thread === null ? "on no thread" : `on ${run.thread === 0 ? "the " : ""}${labelOf(run.thread)}`;
  const waited = run.startedAt - run.handedAt;
  return [
    title,
    `${durationText(run.endedAt - run.startedAt)} ${where}`,
    ...(waited >= 0.05 ? [`waited ${durationText(waited)}`] : []),
    run.outcome > 1 ? `answered ${run.outcome}` : outcomeText(run.outcome),
    started,
    ...request,
  ];
}

export function outcomeText(outcome: number): string {
  if (outcome === 1) return "returned";
  return outcome === 0 ? "threw" : String(outcome);
}
