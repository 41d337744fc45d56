import type { Logger } from "pino";
import { createOverride, type Dependency, type Override } from "../app/dependency.ts";
import { liveSettings, type Settings, SettingsOverride } from "../app/settings/environment.ts";
import { type ServerSettings, settingNames } from "../app/settings/settings.ts";
import type { EnqueuedJob, EnqueueOptions } from "../app/tasks/jobs.ts";
import { callerLocation } from "../errors/location.ts";
import type { PoolSize } from "../threads/pool/pool.ts";
import type { TestRequest } from "./test-request.ts";
import type { TestSocket, TestSocketRequest } from "./test-socket.ts";

/**
 * Options of `testClient`. Settings given here take precedence over the app's; the loop is watched only if these
 * options ask for it.
 */
export interface TestClientOptions extends ServerSettings {
  /** Overrides of dependencies and settings, each made by `override`. Default none. */
  readonly overrides?: readonly OverridePair[] | undefined;
  /**
   * Whether the app listens on a free port of 127.0.0.1, so that other clients can reach it. Requests are the same in
   * both cases. Default false: they stay in the process.
   */
  readonly socket?: boolean | undefined;
  /** URL of the module that threads import to find the app: `import.meta.url`. Default: the module that made the app. */
  readonly module?: string | undefined;
  /** Headers of every request, in any form that `fetch` accepts; a request's own headers take precedence. Default none. */
  readonly headers?: TestRequest["headers"] | undefined;
  /** A pino logger, for inspecting what is logged, including the guard's warnings. Default: only errors, to stderr. */
  readonly logger?: Logger | undefined;
  /**
   * How long the event loop must be blocked to fail the test: the request that blocked it rejects with
   * `OFFLOOP_LOOP_BLOCKED`, which names operation, line and duration. A block after its response, in a background task
   * or a stream, makes `close()` reject. Threads may block. Milliseconds, 20-60,000. Default: never.
   */
  readonly failOnBlockMs?: number | undefined;
}

/** The names of all these options. */
export const testClientOptionNames: Readonly<Record<keyof TestClientOptions, true>> = {
  ...settingNames,
  overrides: true,
  socket: true,
  module: true,
  headers: true,
  logger: true,
  failOnBlockMs: true,
};

/** A response of the app under test: that of `fetch`, with a body you can type. */
export interface TestResponse<Body = unknown> extends Response {
  /** The body, parsed as JSON. You choose the type: nothing checks it. */
  json(): Promise<Body>;
}

/**
 * Sends a request with one method to the app under test. Redirects are not followed.
 *
 * @example
 * ```ts no-check
 * const { total } = await (await client.get<{ total: number }>("/cart")).json();
 * ```
 */
export type Ask = <Body = unknown>(path: string, request?: TestRequest) => Promise<TestResponse<Body>>;

/** A job that the app enqueued in this test. */
export interface EnqueuedTestJob<Inputs extends readonly unknown[] = readonly unknown[]> {
  /** The job's id, or the id of the earlier job with its key. */
  readonly id: string;
  /** The task's name. */
  readonly task: string;
  /** Its arguments, as passed. */
  readonly args: Inputs;
  /** The options it was enqueued with, except for the transaction. */
  readonly options: {
    readonly [Name in Exclude<keyof EnqueueOptions, "tx">]: EnqueueOptions[Name] | undefined;
  };
}

/** A task that you enqueue with these arguments. */
export interface EnqueuedBy<Inputs extends unknown[]> {
  /** Stores a job. */
  enqueue(...args: Inputs): Promise<EnqueuedJob>;
}

/** The clock of a test's jobs. It stands still until the test moves it. */
export interface TestClock {
  /** The current time of this clock. */
  now(): Date;
  /**
   * Lets time pass: jobs run when their time comes, failed ones are retried, schedules have their occurrences.
   *
   * @param ms - How much time. Integer, milliseconds, 0-3,153,600,000,000: a century.
   * @throws {OffloopError} `OFFLOOP_OPTION_INVALID`; also where the real engine stores the jobs, which has a clock of its own.
   */
  advance(ms: number): Promise<void>;
}

/**
 * The jobs of an app under test. They are kept in memory, and run on the app's own lanes when the test says so. With
 * `jobs: { url }` or `jobs: { dir }` among the client's options, the real engine stores them.
 *
 * @example
 * ```ts
 * import { App } from "offloop";
 * import { testClient } from "offloop/testing";
 *
 * const app = new App();
 * const welcome = app.task("welcome", { durable: true }, async (name: string) => `Welcome, ${name}`);
 * app.post("/users/:name", async ({ params }) => welcome.enqueue(params.name));
 *
 * await using client = await testClient(app);
 * await client.post("/users/ada");
 * const [job] = client.jobs.enqueued(welcome);
 * console.log(job?.args); // ["ada"]
 * await client.jobs.drain();
 * console.log((await app.jobs.get(job?.id ?? ""))?.result); // "Welcome, ada"
 * ```
 */
export interface TestJobs {
  /**
   * `"manual"`: jobs run when you call `drain`. `"inline"`: a job has run by the time its `enqueue` resolves; one from
   * `enqueueSync` runs right after, since the thread that waits may be the only one, and `drain` waits for it. Default
   * `"manual"`.
   */
  mode: "manual" | "inline";
  /** The jobs enqueued in this test, of one task or of all tasks, in order. */
  enqueued<Inputs extends unknown[]>(task?: EnqueuedBy<Inputs>): EnqueuedTestJob<Inputs>[];
  /** Runs every job whose time has come, including those that these enqueue. A failed job waits for its next attempt. */
  drain(): Promise<void>;
  /** The clock that decides whose time has come. */
  readonly clock: TestClock;
}

/** An app under test: both lanes open, its lifespan started. Close it, or use `await using`. */
export interface TestClient extends AsyncDisposable {
  /** Its URL: `http://testserver`, or the socket's address. */
  readonly url: string;
  /** The current threads of its pool. */
  readonly threads: PoolSize;
  /** The jobs of its durable tasks. @throws {OffloopError} `OFFLOOP_TASK_NOT_DURABLE` when it has none. */
  readonly jobs: TestJobs;
  /** Sends GET. */
  readonly get: Ask;
  /** Sends POST. */
  readonly post: Ask;
  /** Sends PUT. */
  readonly put: Ask;
  /** Sends PATCH. */
  readonly patch: Ask;
  /** Sends DELETE. */
  readonly delete: Ask;
  /** Sends HEAD. */
  readonly head: Ask;
  /** Sends OPTIONS. */
  readonly options: Ask;
  /** Sends any method. */
  request<Body = unknown>(method: string, path: string, request?: TestRequest): Promise<TestResponse<Body>>;
  /**
   * Opens a WebSocket. Rejects with {@link HandshakeRefused}, which contains the response, if the app refuses it.
   *
   * @example
   * ```ts no-check
   * await using socket = await client.websocket("/echo");
   * socket.send("hello");
   * console.log(await socket.receive());
   * ```
   */
  websocket(path: string, request?: TestSocketRequest): Promise<TestSocket>;
  /**
   * Waits until the requests so far are done: answered, read to the end if they stream, their background tasks run, and
   * their dependencies closed. FastAPI's `TestClient` does so after each request. Jobs of durable tasks are run by
   * {@link TestClient.jobs}.
   *
   * @example
   * ```ts no-check
   * await client.post("/orders", { json: { item: "tea" } });
   * await client.settled();
   * assert.equal(mails.length, 1); // a background task has written it
   * ```
   */
  settled(): Promise<void>;
  /**
   * Waits for requests and background tasks, then ends the threads and the app's lifespan. Rejects with what a lifespan, a
   * dependency or a plugin threw while it closed, here or on a thread, and with `OFFLOOP_LOOP_BLOCKED` when one of them
   * blocked the loop for longer than `failOnBlockMs` and no request reported it: each once, and several as an
   * `AggregateError`.
   */
  close(): Promise<void>;
}

/** A dependency or settings with their replacement, as made by `override`. */
export type OverridePair = Override | SettingsOverride;

/** What may take the place of a dependency, or of settings. */
type ReplacementOf<Replaced> = Replaced extends AnySettings
  ? Partial<Omit<Replaced, keyof AnySettings>>
  : Replaced extends Dependency<infer Value>
    ? Dependency<Value> | Value
    : never;

type AnySettings = Settings<unknown>;
// biome-ignore lint/suspicious/noExplicitAny: each value's type is inferred from the dependency, not from here
type AnyDependency = Dependency<any>;

/**
 * Replaces a dependency in a test, with a value or with another dependency; or some of the settings with other values, on
 * both lanes, as long as its client is open.
 *
 * Whatever the app's module did with a setting when it loaded is not undone: read settings where you need them. If several
 * clients are open at once, the last one's values of settings apply.
 *
 * @param replaced - The dependency; or what `settings` returned.
 * @param by - The value, or the dependency to use, of the same type; or values for some of the settings. Settings, and the
 * values of dependencies for operations that run on threads, must be structured-cloneable; if you need a function there,
 * call `app.override()` in a module and test that module.
 * @returns An entry for the `overrides` of `testClient`.
 * @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when the first is neither; for settings `OFFLOOP_OPTION_UNKNOWN` for
 * an unknown name, `OFFLOOP_NOT_CLONEABLE`.
 * @example
 * ```ts
 * import { App, depends, settings } from "offloop";
 * import { override, testClient } from "offloop/testing";
 * import { z } from "zod";
 *
 * const env = settings({ ADMIN_EMAIL: z.email().default("admin@example.com") });
 * const user = depends(async () => ({ name: "from the database" }));
 * const app = new App();
 * app.get("/me", { deps: { user } }, async ({ user }) => ({ ...user, admin: env.ADMIN_EMAIL }));
 *
 * await using client = await testClient(app, {
 *   overrides: [override(user, { name: "Ada" }), override(env, { ADMIN_EMAIL: "test@example.com" })],
 * });
 * console.log(await (await client.get("/me")).json());
 * ```
 */
export function override<Replaced extends AnyDependency | AnySettings>(
  replaced: Replaced,
  by: ReplacementOf<Replaced>,
): OverridePair {
  const live = liveSettings(replaced);
  if (live === undefined) return createOverride(replaced as Dependency, by);
  return new SettingsOverride(live, by as Readonly<Record<string, unknown>>, callerLocation());
}
