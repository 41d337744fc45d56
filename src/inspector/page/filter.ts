import type { Store } from "./store.ts";

/** Which operations and tasks are looked at: those whose name has the text in it. */
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

  matches(name: number): boolean {
    return this.#text === "" || (this.#store.names[name]?.name.toLowerCase().includes(this.#text) ?? false);
  }
}
