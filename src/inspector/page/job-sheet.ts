import type { AttemptRow, JobRow, JobSheet } from "../shown-jobs.ts";
import { dateText, durationText } from "./duration.ts";
import { find, make, setText } from "./element.ts";
import type { OnAct } from "./job-list.ts";
import { actionsOn, stateMark, whenText } from "./job-state.ts";

/** Everything about one job. */
export class JobSheetView {
  readonly #section = find("#job");
  readonly #title = find("#job-title");
  readonly #actions = find("#job-actions");
  readonly #attempts = find("#job-attempts");
  readonly #onAct: OnAct;
  #id = "";
  #drawnActions = "";
  #drawnAttempts = "";

  constructor(onAct: OnAct) {
    this.#onAct = onAct;
    for (const name of ["job-args", "job-result"]) makeScrollable(find(`#${name}`), `${name}-title`);
  }

  hide(): void {
    this.#section.hidden = true;
    this.#id = "";
  }

  /** Undefined: the job does not exist, or no longer does. */
  draw(id: string, sheet: JobSheet | undefined): void {
    const isNew = this.#id !== id;
    this.#id = id;
    this.#section.hidden = false;
    this.#section.classList.toggle("gone", sheet === undefined);
    find("#job-id").textContent = id;
    if (sheet === undefined) this.#title.textContent = "There is no such job, or it has been deleted";
    else this.#drawSheet(sheet);
    if (isNew) this.#title.focus();
  }

  #drawSheet({ job, now, args, result, attempts, earlier }: JobSheet): void {
    this.#title.textContent = job.task;
    find("#job-state").replaceChildren(stateMark(job.state), ` ${whenText(job, now)}`);
    drawProgress(job);
    this.#drawActions(job, now);
    drawFacts(job);
    setText(find("#job-args"), args === "" ? "none" : args);
    find("#job-result").hidden = find("#job-result-title").hidden = result === null;
    setText(find("#job-result"), result ?? "");
    this.#drawAttempts(attempts);
    const more = find("#job-earlier");
    more.hidden = earlier === 0;
    more.textContent = `${earlier} attempts before these are not shown.`;
  }

  #drawActions(job: JobRow, now: number): void {
    const possible = actionsOn(job, now);
    const drawn = JSON.stringify([job.id, possible]);
    if (drawn === this.#drawnActions) return;
    this.#drawnActions = drawn;
    const hadFocus = this.#actions.contains(document.activeElement);
    const buttons = possible.map(({ action, label }) => {
      const button = make("button", label === "End" ? "danger" : "", label);
      button.type = "button";
      button.addEventListener("click", () => this.#onAct(action, [job]));
      return button;
    });
    this.#actions.replaceChildren(...buttons);
    if (hadFocus) (buttons[0] ?? this.#title).focus();
  }

  /** Newest first; unfolded attempts stay unfolded. */
  #drawAttempts(attempts: readonly AttemptRow[]): void {
    find("#no-attempts").hidden = attempts.length > 0;
    const drawn = JSON.stringify([this.#id, attempts]);
    if (drawn === this.#drawnAttempts) return;
    this.#drawnAttempts = drawn;
    const known = new Map(
      [...this.#attempts.querySelectorAll("details")].map((details) => [details.dataset.key, details.open]),
    );
    const newest = attempts.toReversed();
    const lastFailed = newest.find(({ errors }) => errors.length > 0);
    this.#attempts.replaceChildren(
      ...newest.map((attempt) => {
        const key = `${this.#id} ${attempt.startedAt}`;
        const isOpen = known.get(key) ?? attempt === lastFailed;
        return make("li", "", attemptOf(attempt, key, isOpen));
      }),
    );
  }
}

/** Long text scrolls, with the keyboard, too. */
function makeScrollable(element: HTMLElement, title: string): void {
  element.tabIndex = 0;
  element.setAttribute("role", "region");
  element.setAttribute("aria-labelledby", title);
}

function drawProgress({ progress }: JobRow): void {
  const label = find("#job-progress");
  label.hidden = progress === null;
  find<HTMLProgressElement>("progress", label).value = progress ?? 0;
  setText(find("span", label), `${Math.round((progress ?? 0) * 100)} %`);
}

function drawFacts({ attempt, enqueuedAt, state, runAt, startedAt, endedAt, key, priority }: JobRow): void {
  const waits = state === "waiting" || state === "failed";
  const possible: readonly (readonly [name: string, value: string | null])[] = [
    ["attempt", attempt === 0 ? "none yet" : String(attempt)],
    ["enqueued", dateText(enqueuedAt)],
    ["runs from", waits ? dateText(runAt) : null],
    ["started", startedAt === null ? null : dateText(startedAt)],
    ["ended", endedAt === null ? null : dateText(endedAt)],
    ["key", key],
    ["priority", priority === 0 ? null : String(priority)],
  ];
  const facts = possible.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const list = find("#job-facts");
  const drawn = JSON.stringify(facts);
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  list.replaceChildren(
    ...facts.map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))),
  );
}

const outcomes = {
  done: "done",
  failed: "failed",
  dead: "failed, not to be tried again",
  cancelled: "cancelled",
  interrupted: "broken off by a shutdown",
  lost: "lost: its process died",
} as const;

function attemptOf(attempt: AttemptRow, key: string, isOpen: boolean): HTMLElement {
  const { outcome, errors, startedAt, endedAt, process } = attempt;
  const title = make(
    "span",
    "kind",
    `Attempt ${attempt.attempt} ${outcome === null ? "runs" : outcomes[outcome]}`,
  );
  title.dataset.outcome = outcome ?? "running";
  const took = endedAt === null ? "" : `, ${durationText(endedAt - startedAt)}`;
  const head = [title, make("span", "process", process), make("time", "", `${dateText(startedAt)}${took}`)];
  if (errors.length === 0) return make("div", "attempt", ...head);
  const details = make("details", "", make("summary", "attempt", ...head), ...errors.flatMap(textsOf));
  details.dataset.key = key;
  details.open = isOpen;
  return details;
}

function textsOf({ title, stack }: AttemptRow["errors"][number], at: number): HTMLElement[] {
  const text = make("p", "", at === 0 ? title : `Caused by ${title}`);
  return stack === "" ? [text] : [text, make("pre", "", stack)];
}
