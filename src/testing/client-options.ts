import type { Logger } from "pino";
import { createOverride, type Dependency, type Override } from "../app/dependency.ts";
import { type ServerSettings, settingNames } from "../app/settings.ts";
import type { PoolSize } from "../threads/pool/pool.ts";
import type { TestRequest } from "./test-request.ts";

/** Options of `testClient`. Settings given here win over the app's; the loop is watched only where these ask for it. */
export interface TestClientOptions extends ServerSettings {
  /** What stands in for dependencies; each made by `override`. Default none. */
  readonly overrides?: readonly OverridePair[];
  /** Whether requests go through a real socket, on a free port of 127.0.0.1. Default false: they stay in the process. */
  readonly socket?: boolean;
  /** URL of the module that threads import to find the app: `import.meta.url`. Default: the module that made the app. */
  readonly module?: string;
  /** Headers of every request, as `fetch` takes them; a request's own win. Default none. */
  readonly headers?: TestRequest["headers"];
  /** A pino logger, to look at what is logged, the guard's warnings too. Default: errors alone, to stderr. */
  readonly logger?: Logger;
  /**
   * From when on a blocked event loop fails the test: the request that blocked it rejects with `OFFLOOP_LOOP_BLOCKED`,
   * which names operation, line and duration. What blocks after its response, in a background task or a stream, makes
   * `close()` reject. Threads may block. Milliseconds, 20-60,000. Default: never.
   */
  readonly failOnBlockMs?: number;
}

/** The names of all of them. */
export const testClientOptionNames: Readonly<Record<keyof TestClientOptions, true>> = {
  ...settingNames,
  overrides: true,
  socket: true,
  module: true,
  headers: true,
  logger: true,
  failOnBlockMs: true,
};

/** A response of the app under test: that of `fetch`, whose body you may type. */
export interface TestResponse<Body = unknown> extends Response {
  /** The body, read as JSON. The type is what you say: nothing checks it. */
  json(): Promise<Body>;
}

/**
 * Asks one method of the app under test. Redirects are not followed.
 *
 * @example
 * ```ts no-check
 * const { total } = await (await client.get<{ total: number }>("/cart")).json();
 * ```
 */
export type Ask = <Body = unknown>(path: string, request?: TestRequest) => Promise<TestResponse<Body>>;

/** An app under test: both lanes open, its lifespan started. Close it, or let `await using` do it. */
export interface TestClient extends AsyncDisposable {
  /** Where it is: `http://testserver`, or the socket's address. */
  readonly url: string;
  /** The threads of its pool now. */
  readonly threads: PoolSize;
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
   * Waits for requests and background tasks, ends the threads and the app's lifespan. Rejects with
   * `OFFLOOP_LOOP_BLOCKED` when one of them blocked the loop for longer than `failOnBlockMs` and no request told of it.
   */
  close(): Promise<void>;
}

/** A dependency and what stands in for it; made by `override`. */
export type OverridePair = Override;

/**
 * Has a value, or another dependency, stand in for a dependency in a test. Its type must be that of the dependency.
 *
 * @param dependency - The dependency that is not to be used.
 * @param by - The value, or the dependency to use. For operations that run on threads: a structured-cloneable value;
 * for a function there, call `app.override()` in a module and test that module.
 * @returns What goes into the `overrides` of `testClient`.
 * @throws {OffloopError} `OFFLOOP_DEPENDENCY_INVALID` when the first is no dependency.
 * @example
 * ```ts
 * import { App, depends } from "offloop";
 * import { override, testClient } from "offloop/testing";
 *
 * const user = depends(async () => ({ name: "from the database" }));
 * const app = new App();
 * app.get("/me", { deps: { user } }, async ({ user }) => user);
 *
 * await using client = await testClient(app, { overrides: [override(user, { name: "Ada" })] });
 * console.log(await (await client.get("/me")).json());
 * ```
 */
export function override<Value>(
  dependency: Dependency<Value>,
  by: Dependency<NoInfer<Value>> | NoInfer<Value>,
): OverridePair {
  return createOverride(dependency, by);
}
