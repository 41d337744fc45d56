import type { Incident } from "../batch.ts";
import { clockText } from "./duration.ts";
import { find, make } from "./element.ts";
import { titleOf } from "./marks.ts";
import type { Store } from "./store.ts";

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
