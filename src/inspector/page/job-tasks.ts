import type { StateFilter, TaskCounts } from "../shown-jobs.ts";
import { ageText } from "./duration.ts";
import { find, make } from "./element.ts";
import { filterText } from "./job-state.ts";
import { jobsAddress } from "./route.ts";

const columns = ["waiting", "running", "failed", "dead", "done, cancelled", "oldest waits"];

/** A line for each durable task: the number of its jobs in each state. */
export class TasksTable {
  readonly #section = find("#job-tasks");
  readonly #note = find("#job-tasks-note");
  readonly #body = find("#job-tasks tbody");
  #drawn = "";

  hide(): void {
    this.#section.hidden = true;
  }

  /** @param tasks - Null while they cannot be counted: then the previous numbers stay. */
  draw(tasks: readonly TaskCounts[] | null): void {
    this.#section.hidden = false;
    this.#note.hidden = tasks !== null;
    if (tasks === null) return;
    const rows = tasks.map((task) => cellsOf(task));
    const drawn = JSON.stringify(rows);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = document.activeElement?.getAttribute("href");
    this.#body.replaceChildren(...tasks.map((task, at) => rowOf(task, rows[at] ?? [])));
    if (focused != null) this.#body.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
}

interface Cell {
  readonly text: string;
  /** The jobs it counts; undefined where it counts none. */
  readonly state?: StateFilter;
}

function cellsOf({ waiting, running, failed, dead, ended, oldestWaitMs }: TaskCounts): Cell[] {
  return [
    { text: countText(waiting), state: "waiting" },
    { text: countText(running), state: "running" },
    { text: countText(failed), state: "failed" },
    { text: countText(dead), state: "dead" },
    { text: countText(ended), state: "ended" },
    { text: oldestWaitMs === 0 ? "–" : ageText(oldestWaitMs) },
  ];
}

function rowOf({ task }: TaskCounts, cells: readonly Cell[]): HTMLTableRowElement {
  const name = make("a", "", task);
  name.href = jobsAddress({ task });
  const head = make("th", "", name);
  head.scope = "row";
  return make("tr", "", head, ...cells.map((cell, at) => cellOf(task, cell, columns[at] ?? "")));
}

function cellOf(task: string, { text, state }: Cell, column: string): HTMLTableCellElement {
  const cell = make("td", text === "–" ? "none" : state === "dead" ? "failed" : "");
  cell.dataset.column = column;
  if (state === undefined || text === "–") cell.append(text);
  else {
    const link = make("a", "", text, make("span", "hidden", ` ${filterText(state)} jobs of ${task}`));
    link.href = jobsAddress({ task, state });
    cell.append(link);
  }
  return cell;
}

export function countText(jobs: number): string {
  return jobs === 0 ? "–" : jobs.toLocaleString("en");
}
