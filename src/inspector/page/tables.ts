import type { Figure } from "../batch.ts";
import { clockText, durationText } from "./duration.ts";
import { find, make } from "./element.ts";
import { type Filter, labelOf, type Scene } from "./scene.ts";
import type { Run, Store } from "./store.ts";
import { colourOf, type Palette } from "./theme.ts";
import { outcomeText } from "./tip.ts";

const figureColumns = ["name", "lane", "calls", "failed", "waiting p50", "waiting p99", "run p50", "run p99"];

/** A line for each operation and task: how often it ran, how long it waited and ran. */
export class FiguresTable {
  readonly #table = find<HTMLTableElement>("#figures table");
  readonly #body = find("#figures tbody");
  readonly #empty = find("#figures .empty");
  readonly #rows = new Map<number, { readonly row: HTMLTableRowElement; drawn: string }>();
  readonly #onChoose: (name: string) => void;

  constructor(onChoose: (name: string) => void) {
    this.#onChoose = onChoose;
  }

  draw(store: Store, filter: Filter, palette: Palette): void {
    this.#empty.hidden = store.figures.size > 0;
    this.#table.hidden = store.figures.size === 0;
    for (const [name, { row }] of this.#rows) {
      if (store.figures.has(name)) continue;
      row.remove();
      this.#rows.delete(name);
    }
    for (const [name, figure] of store.figures) {
      const line = this.#line(name);
      line.row.hidden = !filter.matches(name);
      const drawn = JSON.stringify([figure, store.names[name], palette.runs]);
      if (drawn === line.drawn) continue;
      line.drawn = drawn;
      this.#write(line.row, store, figure, palette);
    }
  }

  #line(name: number): { readonly row: HTMLTableRowElement; drawn: string } {
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    const line = { row: make("tr", ""), drawn: "" };
    this.#rows.set(name, line);
    this.#body.append(line.row);
    return line;
  }

  #write(row: HTMLTableRowElement, store: Store, figure: Figure, palette: Palette): void {
    const { name = "?", lane = "loop", kind = "operation" } = store.names[figure.name] ?? {};
    const swatch = make("i", "swatch");
    swatch.style.background = colourOf(palette, figure.name);
    const choose = make("button", "quiet", swatch, make("span", "", name));
    choose.type = "button";
    choose.title = "Filter by it";
    choose.addEventListener("click", () => this.#onChoose(name));
    const note = kind === "task" ? [make("small", "", "task")] : [];
    const head = make("th", "", choose, ...note);
    head.scope = "row";
    const { calls, failed, wait, run } = figure;
    const onLoop = lane === "loop";
    const cells = [
      lane,
      calls.toLocaleString("en"),
      failed === 0 ? "–" : failed.toLocaleString("en"),
      ...wait.map((ms) => (onLoop ? "–" : durationText(ms))),
      ...run.map(durationText),
    ].map((text, at) => {
      const cell = make("td", at === 2 && failed > 0 ? "failed" : "", text);
      cell.dataset.column = figureColumns[at + 1];
      return cell;
    });
    row.replaceChildren(head, ...cells);
  }
}

const MAX_ROWS = 200;
const runColumns = ["lane", "name", "request", "started", "waited", "ran", "outcome"];

/** The runs of the stretch as text, for those who cannot see the drawing; only while it is unfolded. */
export class RunsTable {
  readonly #details = find<HTMLDetailsElement>("#runs");
  readonly #body = find("#runs tbody");
  #drawn = "";

  draw(scene: Scene): void {
    if (!this.#details.open) return;
    const { store, stretch, filter } = scene;
    const runs: Run[] = [];
    for (let at = store.runs.length - 1; at >= 0 && runs.length < MAX_ROWS; at--) {
      const run = store.runs[at] as Run;
      if (run.endedAt >= stretch.from && run.startedAt <= stretch.to && filter.matches(run.name))
        runs.push(run);
    }
    const key = `${store.origin} ${runs.length} ${runs[0]?.endedAt} ${runs.at(-1)?.endedAt}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#body.replaceChildren(...runs.map((run) => rowOf(scene, run)));
  }
}

function rowOf({ store }: Scene, run: Run): HTMLTableRowElement {
  const { thread, handedAt, startedAt, endedAt, outcome, request } = run;
  const texts = [
    thread === null ? "none" : labelOf(thread),
    store.names[run.name]?.name ?? "?",
    request ?? "–",
    clockText(store.origin + startedAt),
    durationText(startedAt - handedAt),
    durationText(endedAt - startedAt),
    outcomeText(outcome),
  ];
  const cells = texts.map((text, at) => {
    const cell = make("td", "", text);
    cell.dataset.column = runColumns[at];
    return cell;
  });
  const row = make("tr", "", ...cells);
  row.dataset.startedAt = String(startedAt);
  row.dataset.endedAt = String(endedAt);
  return row;
}
