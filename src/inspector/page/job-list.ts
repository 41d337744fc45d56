import type { JobAction, JobRow, JobsPage } from "../shown-jobs.ts";
import { find, make, setText } from "./element.ts";
import { actionsOn, filterText, stateMark, whenText } from "./job-state.ts";
import { JobTools } from "./job-tools.ts";
import { type JobsChoice, jobAddress, jobsAddress } from "./route.ts";

/** Receives an action and the jobs it applies to. */
export type OnAct = (action: JobAction, jobs: readonly JobRow[]) => void;

/** The matching jobs, each with a checkbox, and the actions for the selected ones. */
export class JobList {
  readonly #section = find("#job-list");
  readonly #table = find("#job-list table");
  readonly #body = find("#job-list tbody");
  readonly #empty = find("#job-list .empty");
  readonly #all = find<HTMLInputElement>("#job-all");
  readonly #held = find("#job-held");
  readonly #lines = new Map<string, Line>();
  readonly #tools: JobTools;
  #choice: JobsChoice | undefined;
  #now = 0;

  constructor(onChoose: (choice: JobsChoice) => void, onAct: OnAct) {
    this.#tools = new JobTools(onChoose);
    this.#all.addEventListener("change", () => {
      for (const { box } of this.#lines.values()) box.checked = this.#all.checked;
      this.#drawChosen();
    });
    this.#body.addEventListener("change", () => this.#drawChosen());
    for (const action of ["retry", "cancel"] as const)
      find(`#jobs-${action}`).addEventListener("click", () => onAct(action, this.#allowed(action)));
  }

  hide(): void {
    this.#section.hidden = true;
  }

  /** Shows which jobs are requested, before they have arrived. */
  choose(choice: JobsChoice): void {
    this.#tools.draw(choice, null);
    if (JSON.stringify(choice) === JSON.stringify(this.#choice)) return;
    this.#choice = choice;
    this.#lines.clear();
    this.#body.replaceChildren();
    this.#drawChosen();
  }

  draw({ jobs, tasks, next, now }: JobsPage, choice: JobsChoice): void {
    this.#now = now;
    this.#section.hidden = false;
    this.#tools.draw(choice, tasks);
    this.#drawLines(jobs);
    this.#table.hidden = this.#lines.size === 0;
    this.#empty.hidden = this.#lines.size > 0;
    this.#empty.textContent = emptyText(choice);
    drawPages(choice, next);
    this.#drawChosen();
  }

  /** While the pointer is over the list nothing moves: existing lines are updated, and the rest waits. */
  #drawLines(jobs: readonly JobRow[]): void {
    const isHeld = this.#body.matches(":hover") && this.#lines.size > 0;
    const shown = [...this.#lines.keys()];
    const isNews = shown.length !== jobs.length || jobs.some(({ id }, at) => id !== shown[at]);
    this.#held.hidden = !(isHeld && isNews);
    for (const job of jobs) this.#lines.get(job.id)?.draw(job, this.#now);
    if (isHeld || !isNews) return;
    const lines = jobs.map((job) => this.#lines.get(job.id) ?? new Line(job, this.#now));
    this.#lines.clear();
    for (const line of lines) this.#lines.set(line.job.id, line);
    for (const row of [...this.#body.children]) if (!lines.some((line) => line.row === row)) row.remove();
    // Lines that stay are moved as little as possible, since a moved element loses the focus.
    for (const [at, { row }] of lines.entries())
      if (this.#body.children[at] !== row) this.#body.insertBefore(row, this.#body.children[at] ?? null);
  }

  #chosen(): JobRow[] {
    return [...this.#lines.values()].filter(({ box }) => box.checked).map(({ job }) => job);
  }

  #allowed(action: JobAction): JobRow[] {
    return this.#chosen().filter((job) => actionsOn(job, this.#now).some((one) => one.action === action));
  }

  #drawChosen(): void {
    const chosen = this.#chosen();
    this.#all.disabled = this.#lines.size === 0;
    this.#all.checked = chosen.length > 0 && chosen.length === this.#lines.size;
    this.#all.indeterminate = chosen.length > 0 && !this.#all.checked;
    setText(find("#job-chosen"), chosen.length === 0 ? "Choose all shown" : `${chosen.length} chosen`);
    const retried = this.#allowed("retry");
    const stopped = this.#allowed("cancel");
    const ends = stopped.some(({ state }) => state === "running");
    drawButton("#jobs-retry", "Run again", retried.length);
    drawButton("#jobs-cancel", ends ? "End or cancel" : "Cancel", stopped.length);
  }
}

/** A job's row. */
class Line {
  readonly row: HTMLTableRowElement = make("tr", "");
  readonly box: HTMLInputElement = make("input", "");
  job: JobRow;
  #drawn = "";

  constructor(job: JobRow, now: number) {
    this.job = job;
    this.box.type = "checkbox";
    this.box.setAttribute("aria-label", `Choose ${job.id}`);
    const cells = ["chosen", "state", "job", "when"].map((column) => {
      const cell = make("td", "");
      cell.dataset.column = column;
      return cell;
    });
    cells[0]?.append(this.box);
    this.row.append(...cells);
    this.draw(job, now);
  }

  draw(job: JobRow, now: number): void {
    this.job = job;
    const when = whenText(job, now);
    setText(this.row.cells[3] as HTMLElement, when);
    const { enqueuedAt: _, ...shown } = job;
    const drawn = JSON.stringify(shown);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const [, state, about] = this.row.cells;
    state?.replaceChildren(stateMark(job.state), ...progressOf(job));
    if (about !== undefined) this.#drawAbout(about, job);
  }

  #drawAbout(cell: HTMLElement, { id, task, args, key, priority, attempt, error, state }: JobRow): void {
    const hadFocus = cell.contains(document.activeElement);
    const link = make("a", "job-link", make("b", "", task), make("code", "", `(${args})`));
    link.href = jobAddress(id);
    const notes = [
      ...(key === null ? [] : [`key ${key}`]),
      ...(priority === 0 ? [] : [`priority ${priority}`]),
      ...(attempt < 2 ? [] : [`attempt ${attempt}`]),
    ];
    const failed = error === null || state === "done" ? [] : [make("p", "job-error", error)];
    cell.replaceChildren(
      link,
      ...(notes.length === 0 ? [] : [make("small", "", notes.join(" · "))]),
      ...failed,
    );
    if (hadFocus) link.focus();
  }
}

function progressOf({ progress, state }: JobRow): HTMLElement[] {
  return progress === null || state !== "running"
    ? []
    : [make("small", "", `${Math.round(progress * 100)} %`)];
}

function drawPages(choice: JobsChoice, next: string | null): void {
  const first = find<HTMLAnchorElement>("#job-first");
  first.hidden = choice.after === "";
  first.href = jobsAddress({ ...choice, after: "" });
  const following = find<HTMLAnchorElement>("#job-next");
  following.hidden = next === null;
  following.href = jobsAddress({ ...choice, after: next ?? "" });
}

function emptyText({ task, state, find: text, after }: JobsChoice): string {
  if (after !== "") return "No more jobs.";
  if (text !== "") return "No job has this key or id.";
  return `No ${state === "" ? "" : `${filterText(state).replace(",", " or")} `}jobs${task === "" ? "" : ` of ${task}`}.`;
}

function drawButton(selector: string, label: string, jobs: number): void {
  const button = find<HTMLButtonElement>(selector);
  button.disabled = jobs === 0;
  setText(button, jobs === 0 ? label : `${label} (${jobs})`);
}
