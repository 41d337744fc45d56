import { clockText, durationText } from "./duration.ts";
import { find, make } from "./element.ts";
import { isLoop, onLane } from "./lane.ts";
import { bandOf } from "./rows.ts";
import { hasEnded, outcomeOf, type Shown } from "./run.ts";
import type { Scene } from "./scene.ts";
import type { Place } from "./timeline.ts";

const MARGIN = 12;

/** What is known about the run under the pointer, shown next to it, and a frame around it. */
export class Tip {
  readonly #root = find("#tip");
  readonly #frame = find("#selected");
  #run: Shown | undefined;
  #endsKnown = 0;

  draw(scene: Scene, run: Shown | undefined, place: Place): void {
    const row = scene.rows.find(({ lane }) => lane === run?.lane);
    const { from, to } = scene.stretch;
    const endedAt = run === undefined ? 0 : hasEnded(run) ? run.endedAt : scene.now;
    const isSeen = run !== undefined && row !== undefined && endedAt >= from && run.startedAt <= to;
    this.#root.hidden = this.#frame.hidden = !isSeen;
    if (!isSeen) return;
    const perMs = place.width / (to - from);
    const left = Math.min(place.width, Math.max(0, (run.startedAt - from) * perMs));
    const right = Math.min(place.width, Math.max(left + 4, (endedAt - from) * perMs));
    const band = bandOf(row, run.slot);
    this.#frame.style.left = `${place.left + left - 2}px`;
    this.#frame.style.top = `${place.top + band.top - 2}px`;
    this.#frame.style.width = `${right - left + 4}px`;
    this.#frame.style.height = `${Math.max(6, band.height) + 4}px`;
    const isNew = run !== this.#run || scene.store.endsKnown !== this.#endsKnown;
    if (isNew || !hasEnded(run)) this.#write(scene, run);
    const { offsetWidth } = this.#root;
    const middle = place.left + (left + right) / 2 - offsetWidth / 2;
    const most = place.left + place.width - offsetWidth;
    this.#root.style.left = `${Math.max(0, Math.min(most, middle))}px`;
    this.#root.style.top = `${place.top + row.top + row.height + MARGIN}px`;
  }

  #write(scene: Scene, run: Shown): void {
    this.#run = run;
    this.#endsKnown = scene.store.endsKnown;
    const [title, ...facts] = describeRun(scene, run);
    this.#root.replaceChildren(make("b", "", title), ...facts.map((fact) => make("span", "", fact)));
  }
}

/** The text for the run under the pointer: its name, then its facts. */
export function describeRun({ store, now }: Scene, run: Shown): readonly [string, ...string[]] {
  const name = store.names[run.name];
  const title = name === undefined ? "?" : name.kind === "task" ? `task ${name.name}` : name.name;
  const request = run.request === null ? [] : [`request ${run.request}`];
  const started = `at ${clockText(store.origin + run.startedAt)}`;
  if (!hasEnded(run)) {
    const { lane = 0 } = run;
    const where = isLoop(lane) ? onLane(lane) : `probably ${onLane(lane)}`;
    return [title, `in progress ${where} for ${durationText(now - run.startedAt)}`, started, ...request];
  }
  const where = run.lane === null ? "on no thread" : onLane(run.lane);
  const waited = run.startedAt - run.handedAt;
  return [
    title,
    `${durationText(run.endedAt - run.startedAt)} ${where}`,
    ...(waited >= 0.05 ? [`waited ${durationText(waited)}`] : []),
    outcomeOf(store, run),
    started,
    ...request,
    ...(run.job === undefined ? [] : [`job ${run.job}`]),
  ];
}
