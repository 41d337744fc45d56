import { clockText, durationText } from "./duration.ts";
import { find, make, wrappable } from "./element.ts";
import { titleOf } from "./incident-text.ts";
import { onLane, shortLabelOf } from "./lane.ts";
import { jobAddress } from "./route.ts";
import type { Scene } from "./scene.ts";
import { type Step, type Story, tellStory } from "./story.ts";
import { colourOf } from "./theme.ts";
import type { Stretch } from "./view.ts";

/** How many parts of a stream are drawn, the newest. */
const MAX_PARTS = 300;

/** The pinned request: each of its runs on one time axis, and what went wrong. */
export class StoryView {
  readonly #root = find("#story");
  readonly #title = find("#story-title");
  readonly #summary = find("#story-summary");
  readonly #steps = find("#story-steps");
  readonly #trouble = find("#story-trouble");
  readonly #show = find<HTMLButtonElement>("#story-show");
  #stretch: Stretch | undefined;
  #drawn = "";

  constructor(onShow: (stretch: Stretch) => void, onUnpin: () => void) {
    this.#show.addEventListener("click", () => this.#stretch && onShow(this.#stretch));
    find("#story-unpin").addEventListener("click", onUnpin);
  }

  /** @returns The period that it took; undefined when nothing is known about it. */
  draw(scene: Scene): Stretch | undefined {
    const { pin, store, now } = scene;
    this.#root.hidden = !pin.isSet;
    if (!pin.isSet) return undefined;
    const story = tellStory(store, pin, now);
    this.#stretch = story && withMargin(story);
    this.#show.disabled = story === undefined;
    const drawn = JSON.stringify([pin.request, story, scene.palette.runs, store.origin]);
    if (drawn === this.#drawn) return this.#stretch;
    this.#drawn = drawn;
    const id = pin.request ?? "";
    this.#title.replaceChildren(...(id === "" ? ["One run"] : ["Request ", make("code", "", id)]));
    this.#summary.textContent =
      story === undefined ? unknownText(pin.request) : summaryOf(story, store.origin);
    this.#steps.replaceChildren(...(story?.steps.map((step) => stepItem(scene, story, step)) ?? []));
    this.#trouble.replaceChildren(...(story?.incidents.flatMap((part) => troubleItems(part)) ?? []));
    return this.#stretch;
  }

  /** Scrolls it into view: an address has led to it. */
  reveal(): void {
    this.#title.focus({ preventScroll: true });
    this.#root.scrollIntoView({ block: "nearest" });
  }
}

function unknownText(request: string | undefined): string {
  return `There is nothing about ${request === undefined ? "it" : "this request"}: it has not reached a lane yet, or the server has discarded it for newer runs.`;
}

function withMargin({ from, to }: Story): Stretch {
  const margin = Math.max(0.2, (to - from) / 8);
  return { from: from - margin, to: to + margin };
}

function summaryOf({ steps, from, to }: Story, origin: number): string {
  const waits = steps.reduce(
    (sum, { handedAt, startedAt, endedAt }) => sum + (startedAt ?? endedAt) - handedAt,
    0,
  );
  const isOpen = steps.some(({ outcome }) => outcome === undefined);
  const tasks = steps.filter(({ title }) => title.startsWith("task ")).length;
  return [
    `${clockText(origin + from)}`,
    `${durationText(to - from)} ${isOpen ? "so far" : "in all"}`,
    ...(waits >= 0.05 ? [`${durationText(waits)} of it waiting`] : []),
    ...(tasks > 0 && tasks < steps.length ? [`${tasks} ${tasks === 1 ? "task" : "tasks"} after it`] : []),
  ].join(" · ");
}

function stepItem({ palette }: Scene, { from, to }: Story, step: Step): HTMLLIElement {
  const { run, parts, handedAt, startedAt, endedAt, failed, job } = step;
  const track = make("div", "track");
  const add = (kind: string, since: number, until: number): HTMLElement => {
    const part = make("i", kind);
    const all = Math.max(to - from, 0.001);
    part.style.left = `${((since - from) / all) * 100}%`;
    part.style.width = `max(2px, ${((until - since) / all) * 100}%)`;
    track.append(part);
    return part;
  };
  if ((startedAt ?? endedAt) - handedAt >= 0.005) add("waited", handedAt, startedAt ?? endedAt);
  for (const part of parts.slice(-MAX_PARTS)) {
    const isLast = part === parts.at(-1);
    const ran = add(isLast && step.outcome === undefined ? "ran pale" : "ran", part.from, part.to);
    ran.style.background = colourOf(palette, run.name);
    ran.classList.toggle("failed", failed && isLast);
  }
  const name = make("span", "name", ...wrappable(step.title));
  const where = typeof run.lane === "number" ? shortLabelOf(run.lane) : "no thread";
  const text = make("span", failed ? "failed" : "", stepText(step));
  const link = job === undefined ? [] : [jobLink(job)];
  return make("li", "", name, make("span", "where", where), track, make("p", "", text, ...link));
}

function stepText({ run, parts, handedAt, startedAt, endedAt, outcome }: Step): string {
  const waited = (startedAt ?? endedAt) - handedAt;
  const { lane } = run;
  if (startedAt === undefined) return `has waited ${durationText(waited)} for a thread`;
  const ran = durationText(parts.reduce((sum, { from, to }) => sum + to - from, 0));
  const waits = waited >= 0.005 ? [`waited ${durationText(waited)}`] : [];
  if (outcome === undefined) {
    const where = lane === null || lane === undefined ? "" : ` ${onLane(lane)}`;
    return [...waits, `in progress${where} for ${ran}`].join(", ");
  }
  const where = typeof lane === "number" ? ` ${onLane(lane)}` : "";
  if (parts.length > 1) return `ran ${ran}${where} in ${parts.length} parts, ${outcome}`;
  return [...waits, lane === null ? "never ran" : `ran ${ran}${where}`, outcome].join(", ");
}

function jobLink(job: string): HTMLElement {
  const link = make("a", "", `job ${job}`);
  link.href = jobAddress(job);
  return make("span", "", " · ", link);
}

function troubleItems({ incident, group }: Story["incidents"][number]): HTMLElement[] {
  const title = make("p", "failed", ...wrappable(titleOf(group, incident.durationMs)));
  // Facts and stack belong to the newest one of its kind.
  const isNewest = Math.abs(group.lastAt - incident.at) < 0.001;
  const stack = isNewest && group.stack.length > 0 ? [make("pre", "", group.stack.join("\n"))] : [];
  return [title, ...stack];
}
