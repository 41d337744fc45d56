import type { ConstructorOptions, Queue } from "pg-boss";
import { OffloopError } from "../../errors/offloop-error.ts";
import type { EmbeddedDatabase } from "../embedded/embedded.ts";
import type { JobTask } from "../store.ts";
import { NO_RIGHT, ownSchemaSql } from "./own-schema.ts";
import { READ_ONLY, readOnlyRefusal } from "./rights.ts";

/** Where jobs are stored: in a PostgreSQL database, or in a folder that only this process has open. */
export type JobsPlace = { readonly url: string } | { readonly dir: string };

/** Options for opening the engine. */
export interface EngineOptions {
  readonly place: JobsPlace;
  /** Letters, digits and underscores. */
  readonly schema: string;
  readonly tasks: readonly JobTask[];
  /** Maximum number of connections, where jobs are in a PostgreSQL database. */
  readonly maxConnections: number;
  /**
   * Whether the place is opened as it is: nothing is made or changed in it, and no notice is heard. For commands, and for
   * threads beside an engine that has prepared it.
   */
  readonly asIs?: boolean;
  /** How long a statement may take. Default `STATEMENT_MS`. */
  readonly statementMs?: number;
  /** Called for failures in the background: a connection that ends, a database that restarts. */
  readonly onError: (error: Error) => void;
  /** Called when the notices of a PostgreSQL database do not arrive. */
  readonly onUnheard?: () => void;
}

/** A job whose process is silent for this long may be run by another. The minimum that pg-boss accepts. */
export const HEARTBEAT_SECONDS = 10;
/** For how long the database may be silent before attempts are broken off: others are given their jobs a second later. */
export const SILENCE_SECONDS: number = HEARTBEAT_SECONDS - 1;
/** Statements that hang longer than this are cut off: a cut network would leave them unanswered forever. */
export const STATEMENT_MS = 5_000;
/**
 * Those that tidy up have longer: pg-boss counts a queue before it looks for lost jobs, and while millions wait, that
 * takes seconds. Were it cut off each time, no lost job would ever be found.
 */
export const UPKEEP_MS = 30_000;
/** pg-boss's maximum. It would end a job after 15 minutes, heartbeat or not. */
const LONGEST_ATTEMPT_SECONDS = 86_400;
/** By default pg-boss would remove jobs that wait for more than 14 days. */
const LONGEST_WAIT_SECONDS = 10 * 365 * 86_400;
const LONGEST_BACKOFF_SECONDS = 3_600;
/** How often ended jobs are removed whose time is over. By default it would be once a day. */
const REMOVAL_SECONDS = 3_600;
type JobSettings = Required<
  Pick<Queue, "retryLimit" | "retryDelay" | "retryBackoff" | "retryDelayMax" | "deleteAfterSeconds">
>;
type JobQueue = JobSettings &
  Pick<Queue, "policy" | "heartbeatSeconds" | "expireInSeconds" | "retentionSeconds" | "notify">;

/**
 * The SQL of the schema, for a role that may create it.
 *
 * @throws {OffloopError} `OFFLOOP_JOBS_PACKAGE`.
 */
export async function schemaSql(schema: string): Promise<string> {
  const { getConstructionPlans } = await loadPgBoss();
  return `${getConstructionPlans(schema)}\n${ownSchemaSql(schema)}\n`;
}

export async function loadPgBoss(): Promise<typeof import("pg-boss")> {
  try {
    return await import("pg-boss");
  } catch (cause) {
    throw new OffloopError("OFFLOOP_JOBS_PACKAGE", "Cannot keep jobs: pg-boss is not installed", {
      fix: "run npm install pg-boss, and npm install @electric-sql/pglite if you set no DATABASE_URL",
      cause,
    });
  }
}

/** pg-boss passes some errors on as plain copies, which a log would show as JSON. */
export function asError(given: object): Error {
  if (given instanceof Error) return given;
  return Object.assign(new Error(), given);
}

/** @param migrate - Whether starting it makes the schema, and adds what it lacks. */
export function bossOptions(
  options: EngineOptions,
  embedded: EmbeddedDatabase | undefined,
  migrate: boolean,
): ConstructorOptions {
  const { place, schema, maxConnections: max, statementMs = STATEMENT_MS } = options;
  const common: ConstructorOptions = {
    schema,
    migrate,
    // It would take our own jobs away while a handler blocks the loop; see pulse.ts.
    supervise: false,
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
    monitorIntervalSeconds: embedded === undefined ? 3 : 60,
    maintenanceIntervalSeconds: REMOVAL_SECONDS,
  };
  if (embedded !== undefined)
    return { ...common, db: embedded as NonNullable<ConstructorOptions["db"]>, backend: "pglite" };
  const { url } = place as { readonly url: string };
  const limits = { query_timeout: statementMs, connectionTimeoutMillis: STATEMENT_MS };
  return { ...common, ...limits, connectionString: url, max, application_name: "offloop jobs" };
}

/**
 * What a job takes along of the settings of its task. Those of the queue are of whichever process was the last to open
 * it, with the settings of its release.
 */
export function settingsOf({ retries, backoffMs, keepMs }: JobTask): JobSettings {
  const retryDelay = Math.ceil(backoffMs / 1_000);
  return {
    retryLimit: retries,
    retryDelay,
    retryBackoff: true,
    retryDelayMax: Math.max(retryDelay, LONGEST_BACKOFF_SECONDS),
    deleteAfterSeconds: Math.ceil(keepMs / 1_000),
  };
}

export function queueOf(task: JobTask, embedded: boolean): JobQueue {
  return {
    ...settingsOf(task),
    policy: task.ordered ? "key_strict_fifo" : "exclusive",
    notify: true,
    expireInSeconds: LONGEST_ATTEMPT_SECONDS,
    retentionSeconds: LONGEST_WAIT_SECONDS,
    ...(embedded ? {} : { heartbeatSeconds: HEARTBEAT_SECONDS }),
  };
}

export function orderError({ name, ordered }: JobTask): OffloopError {
  return new OffloopError(
    "OFFLOOP_JOBS_ORDER",
    `Cannot set ordered of task "${name}" to ${ordered}: jobs of it are stored ${ordered ? "without an order" : "in order"}`,
    { fix: `leave ordered as it was, or give the task another name` },
  );
}

/** What is being done while the place of the jobs is opened. */
export type OpenStep =
  | "looking for its schema"
  | "trying a transaction"
  | "making what its schema lacks"
  | "making the queues of the tasks"
  | "listening to notices";

/** PostgreSQL's code for a connection that would be one too many. */
const NO_CONNECTION = "53300";

/** PostgreSQL's codes for a syntax error and for a reserved name: all that users give of its SQL is the schema's name. */
export const NO_SCHEMA_NAMES: ReadonlySet<string> = new Set(["42601", "42939"]);

/** The error that says why the place of the jobs could not be opened. */
export function openError(error: unknown, { place, schema }: EngineOptions, step: OpenStep): unknown {
  if (error instanceof OffloopError || !("url" in place)) return error;
  const { code, message } = error as { code?: string; message: string };
  if (code === NO_RIGHT) return noRightError(message, schema, error);
  if (code !== undefined && NO_SCHEMA_NAMES.has(code))
    return new OffloopError("OFFLOOP_OPTION_INVALID", `Cannot use jobs.schema "${schema}": ${message}`, {
      fix: 'name it like "offloop": PostgreSQL keeps that name for itself',
      cause: error,
    });
  const { why, fix } = explainRefusal(message, code, step);
  return new OffloopError("OFFLOOP_JOBS_DATABASE", `Cannot open the database of the jobs: ${why}`, {
    fix,
    cause: error,
  });
}

/** Where not the database refuses but the schema, or what is in it, the schema may be there and lack grants. */
function noRightError(message: string, schema: string, cause: unknown): OffloopError {
  const run = 'run the SQL of "offloop jobs app.ts schema" with a role that may create it';
  if (/ for database /.test(message))
    return new OffloopError(
      "OFFLOOP_JOBS_SCHEMA",
      `Cannot make the schema "${schema}" for the jobs: ${message}`,
      { fix: run, cause },
    );
  const rights = "usage on it, select, insert, update, delete on its tables and execute on its functions";
  return new OffloopError(
    "OFFLOOP_JOBS_SCHEMA",
    `Cannot use the schema "${schema}" for the jobs: ${message}`,
    {
      fix: `${run}, and with it grant ${rights} to the role of DATABASE_URL (or jobs.url)`,
      cause,
    },
  );
}

function explainRefusal(
  message: string,
  code: string | undefined,
  step: OpenStep,
): { readonly why: string; readonly fix: string } {
  if (/statement pooling mode/.test(message))
    return {
      why: "PgBouncer is in statement mode, and jobs need transactions",
      fix: "set its pool_mode to session or transaction, or let jobs.url name PostgreSQL itself",
    };
  if (code === READ_ONLY) return readOnlyRefusal;
  if (code === NO_CONNECTION)
    return {
      why: message,
      fix: "raise max_connections of the server, or let fewer processes and smaller pools connect to it",
    };
  // What the server says has a code: this one is ours, who have heard nothing.
  if (code === undefined && /timeout/i.test(message))
    return {
      why: `no answer within ${STATEMENT_MS} ms while ${step}`,
      fix: "check that the server of DATABASE_URL (or jobs.url) answers, and each proxy and firewall on the way to it",
    };
  return {
    why: message || (code ?? "it gave no reason"),
    fix: "check that DATABASE_URL (or jobs.url) is right and that the server runs",
  };
}
