import { clockText, dateText, durationText } from "./duration.ts";
import { find, make, setText, wrappable } from "./element.ts";
import { titleOf } from "./incident-text.ts";
import type { GroupTotal, Incident, KnownIncidents } from "./known-incidents.ts";
import { labelOf } from "./lane.ts";
import { requestAddress } from "./route.ts";
import type { Store } from "./store.ts";

/** How many of a group are listed individually. */
const SHOWN_INCIDENTS = 12;

/** What happened that should not have: a line for each kind at each place, the most recent first. */
export class IncidentsList {
  readonly #root = find("#incidents");
  readonly #list = find("#incidents ol");
  readonly #empty = find("#incidents .empty");
  readonly #count = find("#incident-count");
  readonly #held = find("#incidents-held");
  readonly #onShow: (incident: Incident) => void;
  readonly #items = new Map<string, GroupItem>();
  #drawn: readonly Incident[] = [];
  #origin = 0;

  constructor(onShow: (incident: Incident) => void) {
    this.#onShow = onShow;
  }

  draw({ incidents, origin }: Store): void {
    if (incidents.list === this.#drawn && origin === this.#origin) return;
    const isHeld = this.#items.size > 0 && this.#list.matches(":hover, :focus-within");
    this.#drawn = incidents.list;
    this.#origin = origin;
    for (const [key, item] of this.#items)
      if (!incidents.groups.has(key)) {
        item.root.remove();
        this.#items.delete(key);
      }
    const groups = [...incidents.groups.values()].sort((a, b) => b.lastAt - a.lastAt);
    for (const group of groups) this.#item(group.key).draw(group, incidents, origin);
    // A line that moves away under the pointer cannot be clicked.
    if (!isHeld) this.#order(groups);
    this.#held.hidden = !isHeld;
    if (isHeld) this.#drawn = []; // the new order is still due
    this.#empty.hidden = groups.length > 0;
    this.#root.classList.toggle("none", groups.length === 0);
    const count = groups.reduce((sum, one) => sum + one.count, 0);
    setText(this.#count, count.toLocaleString("en"));
  }

  /** Unfolds the group of an incident and scrolls it into view. */
  open({ group }: Incident): void {
    this.#items.get(group)?.open();
  }

  #item(key: string): GroupItem {
    const known = this.#items.get(key);
    if (known !== undefined) return known;
    const item = new GroupItem(this.#onShow);
    this.#items.set(key, item);
    this.#list.append(item.root);
    return item;
  }

  #order(groups: readonly GroupTotal[]): void {
    for (const [at, { key }] of groups.entries()) {
      const item = this.#items.get(key)?.root;
      const before = this.#list.children[at] ?? null;
      if (item !== undefined && item !== before) this.#list.insertBefore(item, before);
    }
  }
}

/** A line of the list. Its details are written only while it is unfolded. */
class GroupItem {
  readonly root: HTMLLIElement;
  readonly #details = make("details", "");
  readonly #title = make("span", "kind");
  readonly #times = make("b", "times");
  readonly #time = make("time", "");
  readonly #body = make("div", "about");
  readonly #onShow: (incident: Incident) => void;
  #write: () => void = () => {};
  #drawn = "";

  constructor(onShow: (incident: Incident) => void) {
    this.#onShow = onShow;
    this.#details.append(make("summary", "", this.#title, this.#times, this.#time), this.#body);
    this.#details.addEventListener("toggle", () => this.#write());
    this.root = make("li", "", this.#details);
  }

  draw(group: GroupTotal, incidents: KnownIncidents, origin: number): void {
    const drawn = `${group.count} ${group.lastAt} ${origin}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#title.dataset.kind = group.kind;
    this.#title.replaceChildren(...wrappable(titleOf(group, group.longestMs)));
    setText(this.#times, group.count === 1 ? "" : `×${group.count.toLocaleString("en")}`);
    setText(this.#time, clockText(origin + group.lastAt));
    this.#time.title = dateText(origin + group.lastAt);
    this.#write = () => {
      if (this.#details.open) this.#body.replaceChildren(...this.#about(group, incidents, origin));
    };
    this.#write();
  }

  open(): void {
    this.#details.open = true;
    find("summary", this.root).focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "nearest" });
  }

  #about(group: GroupTotal, { list }: KnownIncidents, origin: number): HTMLElement[] {
    const { facts, stack, count, firstAt } = group;
    const since =
      count === 1 ? [] : [make("p", "", `First at ${dateText(origin + firstAt)}. The newest one:`)];
    const frames = stack.length === 0 ? [] : [make("pre", "", stack.join("\n"))];
    const own = list.filter((one) => one.group === group.key).sort((a, b) => b.at - a.at);
    const shown = own.slice(0, SHOWN_INCIDENTS);
    const rest =
      count > shown.length
        ? [make("p", "rest", `and ${(count - shown.length).toLocaleString("en")} earlier`)]
        : [];
    const each = make("ul", "each", ...shown.map((one) => this.#one(one, origin)));
    return [...since, ...facts.map((fact) => make("p", "", fact)), ...frames, each, ...rest];
  }

  #one(incident: Incident, origin: number): HTMLLIElement {
    const { at, durationMs, lane, request } = incident;
    const show = make("button", "", make("span", "verb", "Show "), clockText(origin + at));
    show.type = "button";
    show.title = "on the timeline";
    show.addEventListener("click", () => this.#onShow(incident));
    const took = durationMs > 0 ? [durationText(durationMs)] : [];
    const where = lane === null ? [] : [labelOf(lane)];
    const text = make("span", "", [...took, ...where].join(", "));
    if (request === null) return make("li", "", show, text);
    const link = make("a", "", `request ${request}`);
    link.href = requestAddress(request);
    return make("li", "", show, text, link);
  }
}
