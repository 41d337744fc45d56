import { parseArgs } from "node:util";
import { OffloopError, serve } from "offloop";
import app, { threads } from "./app.ts";
import { database } from "./backends/database.ts";
import { DatabaseError } from "./backends/database-error.ts";

/** What the client learns when the app is ready. */
export interface Ready {
  readonly url: string;
  readonly slowServer: string;
  readonly database: string;
  readonly threads: number;
}

const { values } = parseArgs({
  options: { port: { type: "string", default: "8000" }, quiet: { type: "boolean", default: false } },
});

try {
  const { url } = await serve(app, {
    port: Number(values.port),
    accessLog: !values.quiet,
    logLevel: values.quiet ? "warn" : "info",
    inspector: true,
  });
  if (!values.quiet) console.log(whereToLook(url));
  const slowServer = process.env.SLOW_SERVER as string;
  process.send?.({ url, slowServer, database: database().name, threads } satisfies Ready);
  process.once("disconnect", () => process.exit()); // the client that started it has gone
} catch (error) {
  console.error(explained(error));
  process.exit(1);
}

/** The user's own mistakes are reported without a stack: the message says what to do. */
function explained(error: unknown): unknown {
  const cause = error instanceof OffloopError ? error.cause : undefined;
  if (cause instanceof DatabaseError) return cause.message;
  return error instanceof OffloopError ? String(error) : error;
}

function whereToLook(url: string): string {
  return `
The three experiments, on ${url}
  ${threads} threads for plain functions; the database is ${database().name}.
  All of it measured, in one table: npm run experiments
  Watch where everything runs, live: ${url}/_offloop

1. Who freezes whom? Start one of these, and meanwhile, in a second terminal:  curl ${url}/
   curl "${url}/path-operations/async-blocking?seconds=10"   / waits: the loop is blocked
   curl "${url}/path-operations/async-task?seconds=10"       / answers at once
   curl "${url}/path-operations/async-fetch?seconds=10"      / answers at once
   curl "${url}/path-operations/plain?seconds=10"            / answers at once

2. Where do tasks run? Each request leaves three behind; watch this terminal:  time [thread] task end request
   curl "${url}/multiplicity?as_async=0"   on threads
   curl "${url}/multiplicity?as_async=1"   on the loop, which is thread 0

3. A task that blocks after the response; meanwhile:  curl ${url}/ping
   curl "${url}/blocking?as_async=0"   ping answers at once
   curl "${url}/blocking?as_async=1"   ping waits 10 seconds

Ctrl+C stops it.
`;
}
