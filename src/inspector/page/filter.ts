import type { Store } from "./store.ts";

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
