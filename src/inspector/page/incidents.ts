import type { Incident } from "../batch.ts";
import { clockText, durationText } from "./duration.ts";
import { find, make } from "./element.ts";
import type { Scene } from "./scene.ts";
import type { Store } from "./store.ts";
import type { Place } from "./timeline.ts";

/** What happened that should not have, the newest first, each with what is known about it. */
export class IncidentsList {
  readonly #list = find("#incidents ol");
  readonly #empty = find("#incidents .empty");
  readonly #count = find("#incident-count");
  readonly #onShow: (incident: Incident) => void;
  #newest = 0;
  #origin = 0;
  readonly #items = new Map<number, HTMLLIElement>();

  constructor(onShow: (incident: Incident) => void) {
    this.#onShow = onShow;
  }

  draw({ incidents, origin }: Store): void {
    if (origin !== this.#origin) this.#clear(); // another server, whose numbers mean others
    this.#origin = origin;
    const last = incidents.at(-1)?.id ?? 0;
    if (last === this.#newest) return;
    for (const incident of incidents) {
      if (incident.id <= this.#newest) continue;
      const item = this.#make(incident, origin);
      this.#items.set(incident.id, item);
      this.#list.prepend(item);
    }
    this.#newest = last;
    const kept = new Set(incidents.map(({ id }) => id));
    for (const [id, item] of this.#items) {
      if (kept.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    this.#empty.hidden = incidents.length > 0;
    this.#count.textContent = String(incidents.length);
  }

  /** Unfolds an incident and brings it into view. */
  open({ id }: Incident): void {
    const item = this.#items.get(id);
    if (item === undefined) return;
    const details = find<HTMLDetailsElement>("details", item);
    details.open = true;
    find("summary", item).focus();
    item.scrollIntoView({ block: "nearest" });
  }

  #clear(): void {
    this.#empty.hidden = false;
    this.#count.textContent = "0";
    this.#list.replaceChildren();
    this.#items.clear();
    this.#newest = 0;
  }

  #make(incident: Incident, origin: number): HTMLLIElement {
    const { kind, at, facts, stack } = incident;
    const time = make("time", "", clockText(origin + at));
    const summary = make("summary", "", make("span", `kind ${kind}`, titleOf(incident)), time);
    const show = make("button", "", "Show on the timeline");
    show.type = "button";
    show.addEventListener("click", () => this.#onShow(incident));
    const text = facts.map((fact) => make("p", "", fact));
    const frames = stack.length === 0 ? [] : [make("pre", "", stack.join("\n"))];
    return make("li", "", make("details", "", summary, ...text, ...frames, show));
  }
}

const LABEL_WIDTH = 44;

/** Incidents where they happened: stretches of the loop's lane in red, and the ends of threads. */
export class Marks {
  readonly #root = find("#marks");
  readonly #elements = new Map<number, HTMLButtonElement>();
  #origin = 0;
  readonly #onOpen: (incident: Incident) => void;

  constructor(onOpen: (incident: Incident) => void) {
    this.#onOpen = onOpen;
  }

  /** @param place - Where the plot is in the page's pixels, below and right of the corner of the lanes. */
  draw(scene: Scene, place: Place): void {
    if (scene.store.origin !== this.#origin) this.#clear(); // another server, whose numbers mean others
    this.#origin = scene.store.origin;
    const { from, to } = scene.stretch;
    const perMs = place.width / (to - from);
    const shown = new Set<number>();
    for (const incident of scene.store.incidents) {
      const { id, at, durationMs, kind, thread } = incident;
      const row = scene.rows.find((one) => one.thread === thread);
      if (kind === "failed" || row === undefined || at > to || at + durationMs < from) continue;
      shown.add(id);
      const left = Math.max(0, (at - from) * perMs);
      const right = Math.min(place.width, (at + durationMs - from) * perMs);
      const width = Math.max(kind === "killed" ? 14 : 3, right - left);
      const box = { left: place.left + Math.min(left, place.width - width), top: place.top + row.top, width };
      move(this.#element(incident), { ...box, height: row.height });
    }
    for (const [id, element] of this.#elements) {
      if (shown.has(id)) continue;
      element.remove();
      this.#elements.delete(id);
    }
  }

  #clear(): void {
    this.#root.replaceChildren();
    this.#elements.clear();
  }

  #element(incident: Incident): HTMLButtonElement {
    const known = this.#elements.get(incident.id);
    if (known !== undefined) return known;
    const element = make("button", `mark ${incident.kind}`, ...labelsOf(incident));
    element.type = "button";
    element.setAttribute("aria-label", titleOf(incident));
    element.title = titleOf(incident);
    element.addEventListener("click", () => this.#onOpen(incident));
    this.#elements.set(incident.id, element);
    this.#root.append(element);
    return element;
  }
}

interface Box extends Place {
  readonly height: number;
}

function move({ style, classList }: HTMLElement, { left, top, width, height }: Box): void {
  style.left = `${left}px`;
  style.top = `${top}px`;
  style.width = `${width}px`;
  style.height = `${height}px`;
  classList.toggle("narrow", width < LABEL_WIDTH);
}

/** One line that says what happened. */
function titleOf({ kind, durationMs, name, place, thread }: Incident): string {
  const where = place === null ? "" : ` at ${place}`;
  if (kind === "killed") return `Thread ${thread} ended: ${name ?? "its call"} ran past its deadline${where}`;
  if (kind === "failed") return `${name} failed`;
  return `Loop blocked for ${durationText(durationMs)} by ${name ?? "unknown code"}${where}`;
}

function labelsOf({ kind, place, name }: Incident): HTMLElement[] {
  if (kind === "killed") return [make("span", "", "✕")];
  return [name ?? "blocked", place].flatMap((text) => (text === null ? [] : [make("span", "", text)]));
}
