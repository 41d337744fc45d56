/** Numbers for what happens at the same time: each the lowest that nobody else has. */
export class Slots {
  readonly #taken: boolean[] = [];
  #lowest = 0;

  take(): number {
    let slot = this.#lowest;
    while (this.#taken[slot] === true) slot++;
    this.#taken[slot] = true;
    this.#lowest = slot + 1;
    return slot;
  }

  giveBack(slot: number): void {
    this.#taken[slot] = false;
    if (slot < this.#lowest) this.#lowest = slot;
  }
}
