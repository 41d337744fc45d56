#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { OffloopError } from "../errors/offloop-error.ts";
import { openapi } from "./openapi.ts";
import { routes } from "./routes.ts";
import { run } from "./run.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("offloop").description("Serves an offloop app.").version(version);

program
  .command("run")
  .description("serve an app")
  .argument("<module[:export]>", "the module that holds the app, like app.ts or app.ts:api")
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("--port <number>", "port to listen on; 0 takes a free one", wholeNumber, 8000)
  .option("--threads <number>", "threads for plain functions (default: min(32, cores + 4))", wholeNumber)
  .option("--workers <number>", "processes that share the port; one that dies is replaced", wholeNumber)
  .option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent", "info")
  .option("--no-access-log", "do not log each request")
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

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${explained(error)}\n`);
  process.exit(1);
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number");
}

/** An error of the user's is shown as it is; the stack only where it is theirs. */
function explained(error: unknown): string {
  if (!(error instanceof OffloopError)) return error instanceof Error ? String(error.stack) : String(error);
  const cause =
    error.code === "OFFLOOP_MODULE_FAILED" || error.code === "OFFLOOP_THREAD_START"
      ? `\n\n${userStack(error.cause)}`
      : "";
  return `${error.code}: ${error.message}${cause}`;
}

function userStack(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof OffloopError) return `${cause.code}: ${cause.message}`;
  const own = new URL("../", import.meta.url).href;
  const lines = String(cause.stack ?? cause).split("\n");
  return lines.filter((line) => !line.includes(own) && !line.includes("node:internal")).join("\n");
}
