/** The newest items, numbered in order of arrival; the oldest make room. */
export class Ring<Item> {
  readonly #items: Item[] = [];
  readonly #capacity: number;
  #end = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The number of the oldest item kept. */
  get start(): number {
    return this.#end - this.#items.length;
  }

  /** The number of the next item. */
  get end(): number {
    return this.#end;
  }

  push(item: Item): void {
    if (this.#items.length < this.#capacity) this.#items.push(item);
    else this.#items[this.#end % this.#capacity] = item;
    this.#end++;
  }

  /** The items numbered `from` up to but excluding `to`, as far as they are kept. */
  slice(from: number, to: number = this.#end): Item[] {
    const items: Item[] = [];
    for (let n = Math.max(from, this.start); n < Math.min(to, this.#end); n++)
      items.push(this.#items[n % this.#capacity] as Item);
    return items;
  }
}
