import { find, make } from "./element.ts";
import { blamed, titleOf } from "./incident-text.ts";
import type { GroupTotal, Incident } from "./known-incidents.ts";
import type { Scene } from "./scene.ts";
import type { Place } from "./timeline.ts";

/** A label that does not fit is truncated if this many pixels of it remain; otherwise it is left out. */
const LEAST_LABEL_PX = 110;
const LETTER_PX = 6;
const PADDING_PX = 12;
/** A mark that is closer than this to the previous one cannot be distinguished from it. */
const NEAR_PX = 1;

/** Incidents where they happened: periods on a loop's lane in red, and the ends of threads. */
export class Marks {
  readonly #root = find("#marks");
  readonly #elements = new Map<string, HTMLButtonElement>();
  readonly #onOpen: (incident: Incident) => void;

  constructor(onOpen: (incident: Incident) => void) {
    this.#onOpen = onOpen;
  }

  /** @param place - Where the plot is in the page's pixels, relative to the top left corner of the lanes. */
  draw(scene: Scene, place: Place): void {
    this.#root.classList.toggle("faint", scene.pin.isSet); // what is pinned may be underneath
    const { from, to } = scene.stretch;
    const { list, groups } = scene.store.incidents;
    const perMs = place.width / (to - from);
    const rows = new Map(scene.rows.map((row) => [row.lane, row]));
    const shown = new Set<string>();
    const covered = new Map<number, number>();
    for (const incident of list) {
      const { id, at, durationMs, lane } = incident;
      const group = groups.get(incident.group);
      const row = lane === null ? undefined : rows.get(lane);
      if (group === undefined || row === undefined || at > to || at + durationMs < from) continue;
      if (!["blocked", "killed", "ended"].includes(group.kind)) continue;
      const left = Math.max(0, (at - from) * perMs);
      const right = Math.min(place.width, (at + durationMs - from) * perMs);
      const end = covered.get(row.lane) ?? Number.NEGATIVE_INFINITY;
      if (right <= end + NEAR_PX && left >= end - NEAR_PX) continue;
      covered.set(row.lane, right);
      shown.add(id);
      const width = Math.max(group.kind === "blocked" ? 3 : 14, right - left);
      const box = { left: place.left + Math.min(left, place.width - width), top: place.top + row.top, width };
      const label = blamed(group.name).length * LETTER_PX + PADDING_PX;
      const isLabelled = width >= Math.min(label, LEAST_LABEL_PX);
      move(this.#element(incident, group), { ...box, height: row.height, isLabelled });
    }
    for (const [id, element] of this.#elements) {
      if (shown.has(id)) continue;
      element.remove();
      this.#elements.delete(id);
    }
  }

  /** Another server, or a new connection: numbers now mean something else. */
  clear(): void {
    this.#root.replaceChildren();
    this.#elements.clear();
  }

  #element(incident: Incident, group: GroupTotal): HTMLButtonElement {
    const known = this.#elements.get(incident.id);
    if (known !== undefined) return known;
    const title = titleOf({ ...group, count: 1 }, incident.durationMs);
    const element = make("button", `mark ${group.kind}`, ...labelsOf(group));
    element.type = "button";
    element.setAttribute("aria-label", title);
    element.title = title;
    element.addEventListener("click", () => this.#onOpen(incident));
    this.#elements.set(incident.id, element);
    this.#root.append(element);
    return element;
  }
}

interface Box extends Place {
  readonly height: number;
  readonly isLabelled: boolean;
}

function move({ style, classList }: HTMLElement, { left, top, width, height, isLabelled }: Box): void {
  style.left = `${left}px`;
  style.top = `${top}px`;
  style.width = `${width}px`;
  style.height = `${height}px`;
  classList.toggle("narrow", !isLabelled);
}

/** The accessible name contains the visible words in the same order (WCAG 2.5.3). */
function labelsOf({ kind, place, name }: GroupTotal): (HTMLElement | string)[] {
  if (kind !== "blocked") return [make("span", "", "✕")];
  return [make("span", "", blamed(name)), ...(place === null ? [] : [" ", make("span", "", `at ${place}`)])];
}
