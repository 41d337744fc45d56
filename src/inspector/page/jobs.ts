import type { JobAction, JobActionDone, JobRow } from "../shown-jobs.ts";
import { find, setText } from "./element.ts";
import { JobList } from "./job-list.ts";
import { JobSheetView } from "./job-sheet.ts";
import { TasksTable } from "./job-tasks.ts";
import { act, askForJob, askForJobs } from "./jobs-client.ts";
import { Polling } from "./polling.ts";
import { type JobsChoice, jobsAddress, type Route } from "./route.ts";

/** The jobs view. It asks for jobs only while it is shown. */
export class JobsView {
  readonly #root = find("#jobs-view");
  readonly #none = find("#no-jobs");
  readonly #problem = find("#jobs-problem");
  readonly #said = find("#jobs-said");
  readonly #back = find<HTMLAnchorElement>("#job-back");
  readonly #polling = new Polling();
  readonly #tasks = new TasksTable();
  readonly #list = new JobList(
    (choice) => location.assign(jobsAddress(choice)),
    (action, jobs) => void this.#act(action, jobs),
  );
  readonly #sheet = new JobSheetView((action, jobs) => void this.#act(action, jobs));

  show(route: Route): void {
    this.#root.hidden = route.view === "lanes";
    this.#say("");
    if (route.view === "lanes") this.#polling.stop();
    else if (route.view === "jobs") this.#showList(route.choice);
    else this.#showSheet(route.id);
  }

  #showList(choice: JobsChoice): void {
    this.#sheet.hide();
    this.#back.href = jobsAddress(choice);
    this.#list.choose(choice);
    this.#poll(async (signal) => {
      const page = await askForJobs(choice, signal);
      if (signal.aborted) return;
      this.#none.hidden = page !== undefined;
      if (page === undefined) this.#polling.stop();
      else {
        this.#tasks.draw(page.tasks);
        this.#list.draw(page, choice);
      }
    });
  }

  #showSheet(id: string): void {
    this.#none.hidden = true;
    this.#tasks.hide();
    this.#list.hide();
    this.#poll(async (signal) => {
      const sheet = await askForJob(id, signal);
      if (!signal.aborted) this.#sheet.draw(id, sheet);
    });
  }

  #poll(ask: (signal: AbortSignal) => Promise<void>): void {
    this.#polling.start(ask, (problem) => {
      this.#problem.hidden = problem === undefined;
      if (problem !== undefined) setText(this.#problem, problem);
    });
  }

  async #act(action: JobAction, jobs: readonly JobRow[]): Promise<void> {
    const running = action === "cancel" ? jobs.filter(({ state }) => state === "running").length : 0;
    if (running > 0 && !(await confirmEnd(endTitle(jobs, running), endText))) return;
    try {
      const answer = await act(
        action,
        jobs.map(({ id }) => id),
      );
      this.#say(doneText(action, answer));
    } catch (error) {
      this.#say((error as Error).message);
    }
    this.#polling.now();
  }

  #say(text: string): void {
    this.#said.textContent = text;
  }
}

/** Asks before something is ended. Escape and the first button mean no. */
function confirmEnd(title: string, text: string): Promise<boolean> {
  const dialog = find<HTMLDialogElement>("#confirm");
  find("#confirm-title").textContent = title;
  find("#confirm-text").textContent = text;
  return new Promise((resolve) => {
    const answered = new AbortController();
    const { signal } = answered;
    const answer = (yes: boolean): void => {
      answered.abort();
      dialog.close();
      resolve(yes);
    };
    find("#confirm-yes").addEventListener("click", () => answer(true), { signal });
    find("#confirm-no").addEventListener("click", () => answer(false), { signal });
    dialog.addEventListener("cancel", () => answer(false), { signal });
    dialog.showModal();
  });
}

const endText =
  "Its signal aborts. On a thread it is ended when it continues for more than jobs.cancelGraceMs; on the loop it learns of it, and its result is ignored. It counts as cancelled, and can be run again.";

function endTitle(jobs: readonly JobRow[], running: number): string {
  const [job] = jobs;
  if (jobs.length === 1 && job !== undefined) return `End this run of ${job.task}?`;
  return running === 1 ? "End a job that runs?" : `End ${running} jobs that run?`;
}

function doneText(action: JobAction, { done, refused }: JobActionDone): string {
  const what = action === "retry" ? "will run" : "cancelled";
  const one = done.length === 1 ? "1 job" : `${done.length} jobs`;
  const late =
    refused.length === 0
      ? ""
      : `${refused.length === 1 ? "1 job" : `${refused.length} jobs`} had moved on meanwhile.`;
  return [...(done.length === 0 ? [] : [`${one} ${what}.`]), late].join(" ").trim();
}
