import { Argument, type Command } from "commander";
import type { JobAction, ListOptions } from "./job-actions.ts";
import { wholeNumber } from "./serving.ts";

/** The actions, and what each does. */
const described: Readonly<Record<JobAction, string>> = {
  list: "the newest first; waiting and failed ones by when they may run",
  count: "the jobs of each task, by state",
  show: "a job with its attempts, as JSON",
  retry: "run a job now",
  cancel: "stop a job, wherever it runs",
  drain: "work on jobs until none is due, then end",
  schema: "print the SQL of the schema, for a role that may create it",
};

/** `offloop jobs`: inspects an app's jobs, and changes them, from anywhere. */
export function addJobs(command: Command): void {
  command
    .description("show, retry and cancel an app's jobs")
    .argument("<module[:export]>", "the module that holds the app")
    .addArgument(new Argument("<action>", "what to do").choices(Object.keys(described)))
    .argument("[id]", "the job's id, for show, retry and cancel")
    .option("--task <name>", "list only the jobs of one task")
    .option("--state <state>", "list only jobs that are waiting, running, done, failed, dead or cancelled")
    .option("--limit <number>", "list at most this many", wholeNumber, 50)
    .option("--json", "list as JSON")
    .addHelpText("after", `\nActions:\n${help}`)
    .action(act);
}

const help = Object.entries(described)
  .map(([name, text]) => `  ${name.padEnd(8)}${text}`)
  .join("\n");

/** The jobs code is loaded only here, since `offloop run` is the same program. */
async function act(
  module: string,
  name: JobAction,
  id: string | undefined,
  options: ListOptions,
): Promise<void> {
  const { actions } = await import("./job-actions.ts");
  await actions[name](module, id, options);
}
