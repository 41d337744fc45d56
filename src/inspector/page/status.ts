import { durationText } from "./duration.ts";
import { find } from "./element.ts";
import type { Store } from "./store.ts";

/** The server sends something at least twice a second; a blocked loop cannot. */
export const SILENCE_MS = 1_200;

/** Says whether the page shows the present. */
export class Status {
  readonly #element = find("#status");

  draw(store: Store, isLive: boolean, isConnected: boolean): void {
    const silentMs = performance.now() - store.heardAt;
    if (!isConnected) this.#say("lost", "not connected");
    else if (silentMs > SILENCE_MS) this.#say("silent", `silent for ${durationText(silentMs)}`);
    else if (!isLive) this.#say("paused", "paused");
    else this.#say("live", "live");
  }

  #say(state: string, text: string): void {
    if (this.#element.textContent === text) return;
    this.#element.dataset.state = state;
    this.#element.textContent = text;
  }
}
