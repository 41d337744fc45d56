import { durationText } from "./duration.ts";
import { find, keepTableRoles, make, setText, wrappable } from "./element.ts";
import { Sparkline } from "./sparkline.ts";
import type { FigureTotal, Store } from "./store.ts";
import { colourOf, type Palette } from "./theme.ts";
import type { Filter } from "./tools.ts";

/** What the table can be sorted by; each except trouble is a column. */
const sorts = ["trouble", "name", "calls", "failed", "wait50", "wait99", "run50", "run99"] as const;
type Sort = (typeof sorts)[number];

const orders: Readonly<Record<Sort, (a: Troubled, b: Troubled) => number>> = {
  trouble: byTrouble,
  name: (a, b) => (a.name < b.name ? -1 : 1),
  calls: (a, b) => b.figure.calls - a.figure.calls,
  failed: (a, b) => b.figure.failed - a.figure.failed,
  wait50: (a, b) => (b.figure.wait[0] ?? -1) - (a.figure.wait[0] ?? -1),
  wait99: (a, b) => (b.figure.wait[1] ?? -1) - (a.figure.wait[1] ?? -1),
  run50: (a, b) => (b.figure.run[0] ?? -1) - (a.figure.run[0] ?? -1),
  run99: (a, b) => (b.figure.run[1] ?? -1) - (a.figure.run[1] ?? -1),
};

const columns = ["lane", "calls", "failed", "waiting p50", "waiting p99", "run p50", "run p99"];

/** A line for each operation and task: how often it ran, how long it waited and ran. */
export class FiguresTable {
  readonly #table = find<HTMLTableElement>("#figures table");
  readonly #body = find("#figures tbody");
  readonly #empty = find("#figures .empty");
  readonly #unmatched = find("#figures .unmatched");
  readonly #choice = find<HTMLSelectElement>("#sort");
  readonly #rows = new Map<number, FigureRow>();
  readonly #onChoose: (name: string) => void;
  #sort: Sort = "trouble";
  #isUpward = false;
  #isSortDue = true;

  /** @param onChoose - Called with the name whose line was clicked. */
  constructor(onChoose: (name: string) => void) {
    this.#onChoose = onChoose;
    keepTableRoles(this.#table);
    this.#choice.addEventListener("change", () => this.#sortBy(this.#choice.value as Sort, false));
    for (const button of this.#headButtons()) {
      const sort = button.dataset.sort as Sort;
      button.addEventListener("click", () => this.#sortBy(sort, sort === this.#sort && !this.#isUpward));
    }
  }

  draw(store: Store, filter: Filter, palette: Palette): void {
    const { list } = store.figures;
    this.#empty.hidden = list.length > 0;
    this.#table.hidden = list.length === 0;
    const known = new Set(list.map(({ name }) => name));
    for (const [name, { root }] of this.#rows)
      if (!known.has(name)) {
        root.remove();
        this.#rows.delete(name);
      }
    const lines = troubleIn(store);
    for (const line of lines) {
      const row = this.#row(line.figure.name);
      row.root.hidden = !filter.matches(line.figure.name);
      row.draw(store, line.figure, palette);
    }
    const isNone = list.length > 0 && !list.some(({ name }) => filter.matches(name));
    this.#unmatched.hidden = !isNone;
    this.#table.hidden ||= isNone;
    this.#order(lines);
  }

  #sortBy(sort: Sort, isUpward: boolean): void {
    this.#sort = sort;
    this.#isUpward = isUpward;
    this.#isSortDue = true;
    this.#choice.value = sort;
    for (const button of this.#headButtons()) {
      const isBy = button.dataset.sort === sort;
      const downward = sort === "name" ? "ascending" : "descending";
      const upward = sort === "name" ? "descending" : "ascending";
      button.parentElement?.setAttribute("aria-sort", isBy ? (isUpward ? upward : downward) : "none");
    }
  }

  #headButtons(): HTMLButtonElement[] {
    return [...this.#table.querySelectorAll<HTMLButtonElement>("thead button")];
  }

  /** A line that moves away under the pointer cannot be clicked: the table is sorted again once nobody points at it. */
  #order(lines: readonly Troubled[]): void {
    if (!this.#isSortDue && this.#body.matches(":hover, :focus-within")) return;
    this.#isSortDue = false;
    const order = orders[this.#sort];
    const sorted = [...lines].sort((a, b) => order(a, b) * (this.#isUpward ? -1 : 1));
    for (const [at, { figure }] of sorted.entries()) {
      const row = this.#row(figure.name).root;
      const before = this.#body.children[at] ?? null;
      if (row !== before) this.#body.insertBefore(row, before);
    }
  }

  #row(name: number): FigureRow {
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    const row = new FigureRow(this.#onChoose);
    this.#rows.set(name, row);
    this.#body.append(row.root);
    return row;
  }
}

/** The line of one operation or task. */
class FigureRow {
  readonly root: HTMLTableRowElement;
  readonly #swatch = make("i", "swatch");
  readonly #name = make("span", "");
  readonly #task = make("small", "");
  readonly #spark = new Sparkline();
  readonly #cells = columns.map((column) => {
    const cell = make("td", "");
    cell.dataset.column = column;
    cell.role = "cell";
    return cell;
  });
  #shown = "";

  constructor(onChoose: (name: string) => void) {
    const choose = make("button", "quiet", this.#swatch, this.#name);
    choose.type = "button";
    choose.title = "Filter by it";
    choose.addEventListener("click", () => onChoose(this.#shown));
    const head = make("th", "", choose, this.#task);
    head.scope = "row";
    head.role = "rowheader";
    const minute = make("td", "minute");
    minute.role = "cell";
    minute.dataset.column = "last minute";
    minute.append(this.#spark.element);
    this.root = make("tr", "", head, minute, ...this.#cells);
    this.root.role = "row";
  }

  draw(store: Store, figure: FigureTotal, palette: Palette): void {
    const { name = "?", lane = "loop", kind = "operation" } = store.names[figure.name] ?? {};
    if (name !== this.#shown) {
      this.#shown = name;
      this.#name.replaceChildren(...wrappable(name));
    }
    this.#swatch.style.background = colourOf(palette, figure.name);
    setText(this.#task, kind === "task" ? "task" : "");
    this.#spark.draw(store.recent.runsOf(figure.name, store.now()));
    const { calls, failed, wait, run } = figure;
    const texts = [
      lane,
      calls.toLocaleString("en"),
      failed === 0 ? "–" : failed.toLocaleString("en"),
      ...wait.map((ms) => (lane === "loop" || ms === undefined ? "–" : durationText(ms))),
      ...run.map((ms) => (ms === undefined ? "–" : durationText(ms))),
    ];
    for (const [at, cell] of this.#cells.entries()) setText(cell, texts[at] ?? "");
    this.#cells[2]?.classList.toggle("failed", failed > 0);
  }
}

/** An operation or a task, and what makes it worth a look. */
interface Troubled {
  readonly name: string;
  readonly figure: FigureTotal;
  /** How often it failed in the last minute. */
  readonly failedLately: number;
  /** How often it blocked the loop. */
  readonly blocks: number;
}

function troubleIn(store: Store): Troubled[] {
  const now = store.now();
  const blocks = blocksBy(store);
  return store.figures.list.map((figure) => {
    const { name = "?", kind = "operation" } = store.names[figure.name] ?? {};
    return {
      name,
      figure,
      failedLately: store.recent.runsOf(figure.name, now).failed.reduce((sum, count) => sum + count, 0),
      blocks: blocks.get(kind === "task" ? `task ${name}` : name) ?? 0,
    };
  });
}

/** Most trouble first: what fails now, what blocks the loop, what has failed, what takes longest including its wait. */
function byTrouble(a: Troubled, b: Troubled): number {
  return (
    b.failedLately - a.failedLately ||
    b.blocks - a.blocks ||
    b.figure.failed - a.figure.failed ||
    slowest(b) - slowest(a)
  );
}

function slowest({ figure: { wait, run } }: Troubled): number {
  return (wait[1] ?? 0) + (run[1] ?? 0);
}

function blocksBy({ incidents }: Store): Map<string, number> {
  const blocks = new Map<string, number>();
  for (const { kind, name, count } of incidents.groups.values())
    if (kind === "blocked" && name !== null) {
      const certain = name.replace(/^probably /, "");
      blocks.set(certain, (blocks.get(certain) ?? 0) + count);
    }
  return blocks;
}
