import type { Shown } from "./run.ts";

/** What is pinned: a request with everything that ran for it, or one run that belonged to no request. */
export class Pin {
  #request: string | undefined;
  #run: Shown | undefined;

  get request(): string | undefined {
    return this.#request;
  }

  get isSet(): boolean {
    return this.#request !== undefined || this.#run !== undefined;
  }

  holds(run: Shown): boolean {
    if (this.#request !== undefined) return run.request === this.#request;
    // A run in progress becomes another object once it has ended.
    const { name, handedAt, request } = this.#run ?? {};
    return run.name === name && run.handedAt === handedAt && run.request === request;
  }

  pinRequest(request: string): void {
    this.#request = request;
    this.#run = undefined;
  }

  pinRun(run: Shown): void {
    this.#request = undefined;
    this.#run = run;
  }

  clear(): void {
    this.#request = this.#run = undefined;
  }
}
