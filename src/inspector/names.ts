import type { Name } from "./batch.ts";

/** Operations and tasks, each with a number. There are as many as the app declares. */
export class Names {
  readonly list: Name[] = [];
  readonly #numbers = { operation: new Map<string, number>(), task: new Map<string, number>() };

  numberOf(kind: Name["kind"], name: string, lane: Name["lane"]): number {
    const numbers = this.#numbers[kind];
    let number = numbers.get(name);
    if (number === undefined) {
      number = this.list.push({ kind, name, lane }) - 1;
      numbers.set(name, number);
    }
    return number;
  }
}
