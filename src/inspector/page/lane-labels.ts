import { durationText } from "./duration.ts";
import { find, make } from "./element.ts";
import { isLoop, shortLabelOf, workerOf } from "./lane.ts";
import type { Scene } from "./scene.ts";
import { SILENCE_MS } from "./status.ts";

/** The names of the lanes, left of them. */
export class LaneLabels {
  readonly #root = find("#labels");
  #drawn = "";

  /** @param top - Where the lanes begin, in the page's pixels. */
  draw({ rows, store, lane: chosen }: Scene, top: number): void {
    const notes = new Map(store.processes.map((process) => [process.loop, noteOf(process, store.heardAt)]));
    const key = JSON.stringify([rows, top, [...notes], chosen]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const labels = rows.map((row) => {
      const worker = workerOf(row.lane);
      const lines = isLoop(row.lane)
        ? [...(worker === 0 ? [] : [`worker ${worker}`]), ...(notes.get(row.lane) ?? [])]
        : [];
      const name = make("span", "", shortLabelOf(row.lane));
      const label = make("div", "label", name, ...lines.map((line) => make("small", "", line)));
      label.classList.toggle("gone", row.gone);
      label.classList.toggle("chosen", row.lane === chosen);
      label.dataset.lane = String(row.lane);
      label.style.top = `${top + row.top}px`;
      label.style.height = `${row.height}px`;
      return label;
    });
    this.#root.replaceChildren(...labels);
  }
}

function noteOf(
  { running, heardAt, isGone }: Scene["store"]["processes"][number],
  lastHeardAt: number,
): string[] {
  if (isGone) return ["ended"];
  // The other processes keep sending: only this one does not answer.
  const silentMs = lastHeardAt - heardAt;
  if (silentMs > SILENCE_MS) return [`silent ${durationText(Math.floor(silentMs / 1000) * 1000)}`];
  return running.loop > 0 ? [`${running.loop.toLocaleString("en")} open`] : [];
}
