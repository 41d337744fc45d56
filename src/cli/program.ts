import { Command, Option } from "commander";
import { dev } from "./dev.ts";
import { usageText } from "./failure.ts";
import { addJobs } from "./jobs.ts";
import { openapi } from "./openapi.ts";
import { routes } from "./routes.ts";
import { run } from "./run.ts";
import { logLevelOption, takesServing, threadsOption, wholeNumber } from "./serving.ts";
import { ownVersion } from "./versions.ts";
import { work } from "./work.ts";

/** The command line, with each command in a file of its own. */
export const program: Command = new Command("offloop")
  .description("Serves an offloop app: async functions on the event loop, plain ones on threads.")
  .version(ownVersion)
  .configureOutput({ writeErr: (text) => void process.stderr.write(usageText(text)) });

takesServing(program.command("dev"))
  .description("serve an app while you work on it: it reloads on change and reports mistakes")
  .option("--inspect [address]", "let a debugger attach to the app, at 127.0.0.1:9229 or another [host:]port")
  .action(dev);

takesServing(program.command("run"))
  .description("serve an app")
  .addOption(new Option("--reload").hideHelp())
  .option(
    "--workers <number>",
    "number of processes that share the port; one that dies is replaced",
    wholeNumber,
  )
  .option(
    "--guard",
    "before serving, check the app for code that blocks the loop or shares state, as dev does",
  )
  .option("--no-work", "store jobs, but leave running them to offloop work")
  .option("--inspector", "serve the inspector at /_offloop, to this machine only")
  .addOption(
    new Option("--inspector-token <token>", "serve the inspector to anyone who has this token").env(
      "OFFLOOP_INSPECTOR_TOKEN",
    ),
  )
  .action(run);

program
  .command("work")
  .description("run the jobs of an app's durable tasks, without serving it")
  .argument("<module[:export]>", "the module that holds the app")
  .addOption(threadsOption())
  .option(
    "--concurrency <number>",
    "number of jobs at once on each lane, the loop and the threads (default: 10)",
    wholeNumber,
  )
  .addOption(logLevelOption())
  .action(work);

addJobs(program.command("jobs"));

program
  .command("routes")
  .description("list an app's operations and tasks, and whether each runs on the loop or on a thread")
  .argument("<module[:export]>", "the module that holds the app")
  .option("--json", "print JSON")
  .addOption(new Option("--lane <lane>", "list only what runs on this lane").choices(["loop", "thread"]))
  .action(routes);

program
  .command("openapi")
  .description("print an app's OpenAPI document, as JSON")
  .argument("<module[:export]>", "the module that holds the app")
  .action(openapi);
