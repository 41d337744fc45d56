/** What something is bound to, for as long as an app is open. Openings may overlap: the last one applies. */
export class Bindings<Value> {
  #all: readonly { readonly value: Value }[] = [];

  /** Undefined when no opening is left. */
  get current(): Value | undefined {
    return this.#all.at(-1)?.value;
  }

  /** All that hold, the oldest first. */
  get all(): readonly Value[] {
    return this.#all.map(({ value }) => value);
  }

  /** @returns Ends this binding, and no other. */
  bind(value: Value): () => void {
    const own = { value };
    this.#all = [...this.#all, own];
    return () => {
      this.#all = this.#all.filter((one) => one !== own);
    };
  }
}
