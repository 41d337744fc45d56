import { durationText } from "./duration.ts";
import { find, setText } from "./element.ts";
import type { Store } from "./store.ts";
import { createTrace } from "./trace.ts";
import type { View } from "./view.ts";

/** The toolbar above the timeline. */
export class Tools {
  readonly #filter = find<HTMLInputElement>("#filter");
  readonly #pause = find<HTMLButtonElement>("#pause");
  readonly #span = find("#span");
  readonly #names = find("#names");
  readonly #unmatched = find("#unmatched");
  readonly #onChange: () => void;
  readonly #chosen: Filter;

  constructor(store: Store, view: View, filter: Filter, onChange: () => void) {
    this.#onChange = onChange;
    this.#chosen = filter;
    const click = (selector: string, act: () => void): void =>
      find(selector).addEventListener("click", () => {
        act();
        onChange();
      });
    click("#pause", () => view.toggle());
    click("#zoom-in", () => view.zoomIn());
    click("#zoom-out", () => view.zoomOut());
    click("#download", () => download(store));
    find("#tools").addEventListener("submit", (event) => event.preventDefault());
    this.#filter.addEventListener("input", () => this.#filterBy(this.#filter.value));
  }

  /** Sets the filter, or clears it if it is already set to that. */
  toggleFilter(text: string): void {
    this.#filter.value = this.#filter.value === text ? "" : text;
    this.#filterBy(this.#filter.value);
  }

  #filterBy(text: string): void {
    this.#chosen.text = text;
    this.#onChange();
  }

  draw(store: Store, view: View): void {
    const { from, to } = view.stretch;
    setText(this.#span, durationText(to - from).replace(/\.0+ /, " "));
    setText(this.#pause, view.isLive ? "Pause" : "Go live");
    this.#pause.setAttribute("aria-pressed", String(!view.isLive));
    this.#unmatched.hidden = !this.#chosen.isBarren;
    if (!this.#unmatched.hidden)
      setText(
        this.#unmatched,
        `No operation or task that has run has “${this.#filter.value.trim()}” in its name.`,
      );
    if (this.#names.childElementCount === store.names.length) return;
    this.#names.replaceChildren(...store.names.map(({ name }) => new Option(name)));
  }
}

function download(store: Store): void {
  const trace = new Blob([JSON.stringify(createTrace(store))], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(trace);
  link.download = `offloop-${new Date().toISOString().replaceAll(":", "").slice(0, 17)}.trace.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Which operations and tasks to show: those whose name contains the text. */
export class Filter {
  #text = "";
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text.trim().toLowerCase();
  }

  /** Whether nothing that it matches has run. */
  get isBarren(): boolean {
    return this.#text !== "" && !this.#store.names.some((_, name) => this.matches(name));
  }

  matches(name: number): boolean {
    return this.#text === "" || (this.#store.names[name]?.name.toLowerCase().includes(this.#text) ?? false);
  }
}
