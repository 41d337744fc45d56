import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { ownFile } from "../errors/own-code.ts";
import { openapi, routes } from "./declared-app.ts";
import { dev } from "./dev.ts";
import { usageText } from "./failure.ts";
import { addJobs } from "./jobs.ts";
import { run } from "./run.ts";
import { takesServing, wholeNumber } from "./serving.ts";
import { work } from "./work.ts";

const { version } = JSON.parse(readFileSync(ownFile("../package.json"), "utf8")) as {
  version: string;
};

/** The command line, with each command in a file of its own. */
export const program: Command = new Command("offloop")
  .description("Serves an offloop app.")
  .version(version)
  .configureOutput({ writeErr: (text) => void process.stderr.write(usageText(text)) });

takesServing(program.command("dev"))
  .description("serve an app while you work on it: reload on change, guard, watchdog, links")
  .option("--inspect [address]", "let a debugger attach to the app, at 127.0.0.1:9229 or another [host:]port")
  .action(dev);

takesServing(program.command("run"))
  .description("serve an app")
  .addOption(new Option("--reload").hideHelp())
  .option("--workers <number>", "processes that share the port; one that dies is replaced", wholeNumber)
  .option("--guard", "check the functions' code before serving, as dev does")
  .option("--no-work", "only enqueue jobs; offloop work runs them")
  .option("--inspector", "show the lanes and the jobs at /_offloop, to this machine only")
  .addOption(
    new Option("--inspector-token <token>", "show the inspector to anyone with this token").env(
      "OFFLOOP_INSPECTOR_TOKEN",
    ),
  )
  .action(run);

program
  .command("work")
  .description("run an app's jobs, without serving it")
  .argument("<module[:export]>", "the module that holds the app")
  .option("--threads <number>", "threads for plain functions (default: min(32, cores + 4))", wholeNumber)
  .option("--concurrency <number>", "jobs at once on each lane (default: 10)", wholeNumber)
  .option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent", "info")
  .action(work);

addJobs(program.command("jobs"));

program
  .command("routes")
  .description("list an app's operations: method, path, lane and source")
  .argument("<module[:export]>", "the module that holds the app")
  .option("--json", "as JSON")
  .addOption(new Option("--lane <lane>", "only those that run there").choices(["loop", "thread"]))
  .action(routes);

program
  .command("openapi")
  .description("print an app's OpenAPI document, as JSON")
  .argument("<module[:export]>", "the module that holds the app")
  .action(openapi);
