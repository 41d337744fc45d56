import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { dev } from "./dev.ts";
import { openapi } from "./openapi.ts";
import { routes } from "./routes.ts";
import { run } from "./run.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** The command line: each command in a file of its own. */
export const program: Command = new Command("offloop").description("Serves an offloop app.").version(version);

program
  .command("dev")
  .description("serve an app while you work on it: reload on change, guard, watchdog, links")
  .argument("<module[:export]>", "the module that holds the app, like app.ts or app.ts:api")
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("--port <number>", "port to listen on; 0 takes a free one", wholeNumber, 8000)
  .option("--threads <number>", "threads for plain functions (default: min(32, cores + 4))", wholeNumber)
  .option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent", "info")
  .option("--no-access-log", "do not log each request")
  .action(dev);

program
  .command("run")
  .description("serve an app")
  .argument("<module[:export]>", "the module that holds the app, like app.ts or app.ts:api")
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("--port <number>", "port to listen on; 0 takes a free one", wholeNumber, 8000)
  .option("--threads <number>", "threads for plain functions (default: min(32, cores + 4))", wholeNumber)
  .option("--root-path <path>", "what a proxy puts before the app's paths, like /api/v1")
  .option(
    "--trust-proxy <addresses>",
    "proxies to believe about the client, with commas between; * for all",
    addresses,
  )
  .option("--workers <number>", "processes that share the port; one that dies is replaced", wholeNumber)
  .option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent", "info")
  .option("--no-access-log", "do not log each request")
  .option("--guard", "check the functions' code before serving, as dev does")
  .action(run);

program
  .command("routes")
  .description("list an app's operations: method, path, lane and source")
  .argument("<module[:export]>", "the module that holds the app")
  .option("--json", "as JSON")
  .action(routes);

program
  .command("openapi")
  .description("print an app's OpenAPI document, as JSON")
  .argument("<module[:export]>", "the module that holds the app")
  .action(openapi);

function addresses(text: string): true | string[] {
  return text === "*" || text.split(",").map((address) => address.trim());
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number");
}
