import { find, make } from "./element.ts";
import { labelOf } from "./rows.ts";
import type { Scene } from "./scene.ts";

/** The names of the lanes, left of them. */
export class LaneLabels {
  readonly #root = find("#labels");
  #drawn = "";

  draw({ rows, store }: Scene, top: number, chosen: number | undefined): void {
    const { loop } = store.running;
    const key = JSON.stringify([rows, top, loop, chosen]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const labels = rows.map((row) => {
      const note = row.thread === 0 && loop > 0 ? [make("small", "", `${loop} open`)] : [];
      const label = make("div", "label", make("span", "", labelOf(row.thread)), ...note);
      label.classList.toggle("gone", row.gone);
      label.classList.toggle("chosen", row.thread === chosen);
      label.dataset.thread = String(row.thread);
      label.style.top = `${top + row.top}px`;
      label.style.height = `${row.height}px`;
      return label;
    });
    this.#root.replaceChildren(...labels);
  }
}
