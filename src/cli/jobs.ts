import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import {
  cancellableStates,
  type JobState,
  jobStates,
  MAX_LISTED_JOBS,
  retryableStates,
} from "../app/tasks/jobs.ts";
import { endCommand } from "./data-output.ts";
import type { JobAction, ListOptions } from "./job-actions.ts";
import { wholeNumber } from "./serving.ts";

/** The actions, and what each does. */
const described: Readonly<Record<JobAction, string>> = {
  list: "list jobs, the newest first; with --state, waiting and failed ones by when they may run, ended ones by when they ended",
  count: "count the jobs of each task, by state",
  show: "print jobs with their attempts, as JSON",
  retry: "run jobs now: those that are named, or all in a --state, and of a --task",
  cancel: "cancel jobs, wherever they run: those that are named, or all in a --state, and of a --task",
  drain: "run jobs until none is due, print what waits for later, and end",
  schema: "print the SQL of the schema, for a role that may create it",
};

/** The actions on jobs that are named. */
const onNamed: ReadonlySet<JobAction> = new Set(["show", "retry", "cancel"]);

/** The actions on all jobs in a state, and the states in which there is something to do. */
const onState: Readonly<Partial<Record<JobAction, readonly JobState[]>>> = {
  retry: retryableStates,
  cancel: cancellableStates,
};

/** `offloop jobs`: inspects an app's jobs, and changes them, from anywhere. */
export function addJobs(command: Command): void {
  command
    .description("list, retry, cancel and drain an app's jobs")
    .argument("<module[:export]>", "the module that holds the app")
    .addArgument(new Argument("<action>", "what to do").choices(Object.keys(described)))
    .argument("[ids...]", "the ids of jobs, for show, retry and cancel")
    .option("--task <name>", "only the jobs of one task, for list, retry and cancel")
    .addOption(
      new Option("--state <state>", "only jobs in this state, for list, retry and cancel").choices(jobStates),
    )
    .option("--limit <number>", `list at most this many, 1-${MAX_LISTED_JOBS}`, listLimit, 50)
    .option("--json", "print the list as JSON")
    .addHelpText("after", `\nActions:\n${help}`)
    .hook("preAction", checkIds)
    .action(act);
}

const help = Object.entries(described)
  .map(([name, text]) => `  ${name.padEnd(8)}${text}`)
  .join("\n");

function listLimit(text: string): number {
  const limit = wholeNumber(text);
  if (limit >= 1 && limit <= MAX_LISTED_JOBS) return limit;
  throw new InvalidArgumentError(`expected a number of 1-${MAX_LISTED_JOBS}`);
}

/** Which actions take ids is more than the parser can be told. */
function checkIds(command: Command): void {
  const [module, name, ids] = command.processedArgs as [string, JobAction, readonly string[]];
  const { state, task } = command.opts<ListOptions>();
  const states = onState[name];
  if (states !== undefined && (state ?? task) !== undefined) {
    const call = `offloop jobs ${module} ${name} --state dead`;
    if (ids.length > 0) command.error(`error: ${name} takes ids, or --state and --task, not both`);
    if (state === undefined || !states.includes(state))
      command.error(`error: give --state one of ${states.join(", ")}: ${call} --task <name>`);
    return;
  }
  if (ids.length === 0 && onNamed.has(name))
    command.error(`error: give the job's id: offloop jobs ${module} ${name} <id>`);
  if (ids.length > 0 && !onNamed.has(name))
    command.error(
      `error: ${name} takes no ids, got ${ids.join(" ")}; --task and --state choose what list shows`,
    );
}

/** The jobs code is loaded only here, since `offloop run` is the same program. */
async function act(
  module: string,
  name: JobAction,
  ids: readonly string[],
  options: ListOptions,
): Promise<void> {
  const { actions } = await import("./job-actions.ts");
  await actions[name](module, ids, options);
  endCommand();
}
