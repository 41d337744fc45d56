import type { Incident } from "../batch.ts";
import { durationText } from "./duration.ts";
import { find, make } from "./element.ts";
import type { Row } from "./rows.ts";
import type { Scene } from "./scene.ts";
import type { Place } from "./timeline.ts";

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
      this.#move(this.#element(incident), row, place, Math.min(left, place.width - width), width);
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

  #move(element: HTMLElement, row: Row, place: Place, left: number, width: number): void {
    element.style.left = `${place.left + left}px`;
    element.style.top = `${place.top + row.top}px`;
    element.style.width = `${width}px`;
    element.style.height = `${row.height}px`;
    element.classList.toggle("narrow", width < LABEL_WIDTH);
  }
}

/** One line that says what happened. */
export function titleOf({ kind, durationMs, name, place, thread }: Incident): string {
  const where = place === null ? "" : ` at ${place}`;
  if (kind === "killed") return `Thread ${thread} ended: ${name ?? "its call"} ran past its deadline${where}`;
  if (kind === "failed") return `${name} failed`;
  return `Loop blocked for ${durationText(durationMs)} by ${name ?? "unknown code"}${where}`;
}

function labelsOf({ kind, place, name }: Incident): HTMLElement[] {
  if (kind === "killed") return [make("span", "", "✕")];
  return [name ?? "blocked", place].flatMap((text) => (text === null ? [] : [make("span", "", text)]));
}
