import type { StateFilter, TaskCounts } from "../shown-jobs.ts";
import { find, make, setText } from "./element.ts";
import { filterText, stateFilters } from "./job-state.ts";
import { countText } from "./job-tasks.ts";
import { type JobsChoice, jobsAddress } from "./route.ts";

/** Selects the task, the state, and what to search for. */
export class JobTools {
  readonly #task = find<HTMLSelectElement>("#job-task");
  readonly #find = find<HTMLInputElement>("#job-find");
  readonly #states = find("#job-states");
  #choice: JobsChoice = { task: "", state: "", find: "", after: "" };
  #tasks = "";

  constructor(onChoose: (choice: JobsChoice) => void) {
    const choose = (): void =>
      onChoose({ ...this.#choice, task: this.#task.value, find: this.#find.value.trim(), after: "" });
    this.#task.addEventListener("change", choose);
    this.#find.addEventListener("change", choose);
    find("#job-tools").addEventListener("submit", (event) => {
      event.preventDefault();
      choose();
    });
  }

  draw(choice: JobsChoice, tasks: readonly TaskCounts[] | null): void {
    if (choice !== this.#choice) this.#find.value = choice.find;
    this.#choice = choice;
    const names = tasks?.map(({ task }) => task) ?? [];
    if (names.length > 0 && names.join("\n") !== this.#tasks) {
      this.#tasks = names.join("\n");
      this.#task.replaceChildren(new Option("All tasks", ""), ...names.map((name) => new Option(name)));
    }
    this.#task.value = choice.task;
    this.#drawStates(choice, tasks);
  }

  #drawStates(choice: JobsChoice, tasks: readonly TaskCounts[] | null): void {
    const filters = ["", ...stateFilters];
    if (this.#states.childElementCount === 0) this.#states.append(...filters.map(() => make("a", "")));
    const links = [...this.#states.querySelectorAll("a")];
    for (const [at, state] of filters.entries()) {
      const link = links[at] as HTMLAnchorElement;
      link.href = jobsAddress({ ...choice, state, after: "" });
      if (choice.state === state) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      const count = tasks === null ? undefined : countOf(tasks, choice.task, state);
      setText(link, `${filterText(state) || "all"}${count === undefined ? "" : ` ${countText(count)}`}`);
    }
  }
}

/** Done and cancelled jobs are counted together, so neither has a number of its own. */
function countOf(tasks: readonly TaskCounts[], task: string, state: string): number | undefined {
  if (!isCounted(state)) return undefined;
  const counted = tasks.filter((one) => task === "" || one.task === task);
  const sum = counted.reduce((jobs, one) => jobs + one[state], 0);
  return sum === 0 ? undefined : sum;
}

function isCounted(state: string): state is Exclude<StateFilter, "done" | "cancelled"> {
  return state !== "done" && state !== "cancelled" && stateFilters.some((filter) => filter === state);
}
