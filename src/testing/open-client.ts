import { createRequire } from "node:module";
import type { Logger } from "pino";
import { App } from "../app/app.ts";
import { isOverride, type Override } from "../app/dependency.ts";
import { type AppTarget, loadApp, targetOf } from "../app/load/load.ts";
import { SettingsOverride } from "../app/settings/environment.ts";
import { type ResolvedSettings, resolveSettings } from "../app/settings/settings.ts";
import { within } from "../app/within.ts";
import { thrownText } from "../errors/described-error.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { CLOSE_MS, createShutdown, settled } from "../http/lifecycle/shutdown.ts";
import { createLogger } from "../http/logs/logger.ts";
import { type OpenApp, type OpenAppOptions, openApp } from "../http/open-app.ts";
import { noThreads } from "../threads/pool/pool.ts";
import { BlockFailures, rejectBlocking, watchFor } from "./blocks.ts";
import type {
  Ask,
  OverridePair,
  TestClient,
  TestClientOptions,
  TestJobs,
  TestResponse,
} from "./client-options.ts";
import { OpenTime } from "./open-time.ts";
import { encodeRequest, type SentRequest, type TestRequest } from "./test-request.ts";
import { openTestSocket } from "./test-socket.ts";
import { inProcess, throughSocket, type Way } from "./way.ts";

/** Opens an app's lanes, and the way to send requests to it. */
export async function openClient(
  subject: App | URL,
  options: TestClientOptions,
  at: SourceLocation,
): Promise<TestClient> {
  const {
    overrides: replaced = [],
    socket = false,
    module,
    headers,
    logger,
    failOnBlockMs,
    ...rest
  } = options;
  checkOverrides(replaced, at);
  const target = targetOf(subject instanceof App ? module : subject, at);
  const app = subject instanceof App ? subject : await loadApp(target as AppTarget);
  const failures = failOnBlockMs === undefined ? undefined : new BlockFailures(failOnBlockMs);
  const watch = failures === undefined ? (rest.watch ?? false) : watchFor(failures, rest.watch);
  const settings = resolveSettings(app.settings, { ...rest, watch });
  const log = logger ?? createOutput("error");
  const warnings = logger ?? createOutput(guarded.has(app) ? "error" : "warn"); // once for each app
  await guardOnce(app, warnings, settings);
  const opened = new AsyncDisposableStack();
  const overrides = replaceSettings(replaced, opened);
  try {
    const jobs = new JobsUnderTest(rest.jobs);
    const { openJobs } = jobs;
    const unclosed: unknown[] = [];
    const onUnclosed = (failure: unknown): void => void unclosed.push(failure);
    const served = await openApp(
      app,
      { settings, target, log, accessLog: true, unbuilt: warnings, overrides, openJobs, onUnclosed },
      opened,
    );
    const { lanes, fastify, watch: watchdog } = served;
    await watchdog?.ready;
    const way = socket ? await throughSocket(fastify) : await inProcess(fastify);
    const openTime = limitOpenTime(at, logger ?? createOutput("warn"), opened);
    const shutDown = shutdownOf(served, way, { graceMs: settings.shutdownGraceMs, log, opened, openTime });
    const parts = {
      size: () => lanes.pool?.size ?? noThreads,
      jobs: () => jobs.opened ?? noJobs(app),
      settled: () => settled(served),
    };
    const asked = failures === undefined ? way : rejectBlocking(way, failures, watchdog);
    return clientOf(encoding(asked, headers, openTime), closing(shutDown, unclosed, failures), parts);
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** Says once in the log that the client seems forgotten. */
function limitOpenTime(at: SourceLocation, log: Logger, opened: AsyncDisposableStack): OpenTime {
  const openTime = new OpenTime(at, ({ code, message }) => log.warn({ code }, `${code}: ${message}`));
  opened.defer(() => openTime.end());
  return openTime;
}

/** The jobs of a tested app, which are opened with it if any of its tasks is durable. */
class JobsUnderTest {
  readonly #isStored: boolean;
  #opened: TestJobs | undefined;

  constructor({ url, dir }: NonNullable<TestClientOptions["jobs"]> = {}) {
    this.#isStored = url !== undefined || dir !== undefined;
  }

  readonly openJobs: NonNullable<OpenAppOptions["openJobs"]> = async (options) => {
    const { openTestJobs } = await import("./jobs.ts");
    const opening = await openTestJobs(options, this.#isStored);
    this.#opened = opening.testing;
    return opening;
  };

  /** Undefined where there are none. */
  get opened(): TestJobs | undefined {
    return this.#opened;
  }
}

/**
 * Closes everything, and then throws, each once, what failed to close, and what blocked the loop without a request being
 * rejected for it. A second call only waits: a test may have expected the failure of the first.
 */
function closing(
  shutDown: () => Promise<void>,
  unclosed: unknown[],
  blocks: BlockFailures | undefined,
): () => Promise<void> {
  let ending: Promise<void> | undefined;
  return async () => {
    ending ??= shutDown().catch((error: unknown) => void unclosed.push(error));
    await ending;
    const block = blocks?.takeAny();
    const failures = [...unclosed.splice(0), ...(block === undefined ? [] : [block])];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(thrownText).join("\n"));
    if (failures.length === 1) throw failures[0];
  };
}

/** Makes the function that closes the client: unread bodies end first, and their tasks and dependencies with the others. */
function shutdownOf(
  served: OpenApp,
  way: Way,
  {
    graceMs,
    log,
    opened,
    openTime,
  }: {
    readonly graceMs: number;
    readonly log: Logger;
    readonly opened: AsyncDisposableStack;
    readonly openTime: OpenTime;
  },
): () => Promise<void> {
  const end = createShutdown(served, graceMs, log, async () => {
    await leaveAll(served, way);
    await opened.disposeAsync();
  });
  return () => {
    openTime.end();
    way.leave("unread");
    return end();
  };
}

/** What a test still reads has had its time. What it left open closes before the lifespans do. */
async function leaveAll({ wayOut }: OpenApp, way: Way): Promise<void> {
  way.leave("all");
  await within(CLOSE_MS, wayOut.closed());
}

/** Replaces settings as long as the client is open. Returns the overrides of dependencies. */
function replaceSettings(replaced: readonly OverridePair[], opened: AsyncDisposableStack): Override[] {
  return replaced.filter((one) => {
    if (!(one instanceof SettingsOverride)) return true;
    opened.defer(one.settings.replace(one.values));
    return false;
  }) as Override[];
}

function noJobs({ location: at }: App): never {
  throw new OffloopError(
    "OFFLOOP_TASK_NOT_DURABLE",
    "Cannot look at the jobs: the app declares no durable task",
    {
      at,
      fix: 'declare one: app.task("resize", { durable: true }, fn)',
    },
  );
}

const guarded = new WeakSet<App>();

/** The parser is loaded only in tests, not where the app is served. */
async function guardOnce(app: App, log: Logger, { session }: ResolvedSettings): Promise<void> {
  if (guarded.has(app)) return;
  const { guardApp } = await import("../guard/check-app.ts");
  guardApp(app, log, session !== undefined);
  guarded.add(app);
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless each was made by `override`. */
function checkOverrides(overrides: unknown, at: SourceLocation): void {
  const isMade = (one: unknown): boolean => one instanceof SettingsOverride || isOverride(one);
  if (Array.isArray(overrides) && overrides.every(isMade)) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot open a test client: expected a list of overrides, got ${shownValue(overrides)}`,
    { at, fix: 'make each with override(): overrides: [override(user, { name: "Ada" })]' },
  );
}

/** A way to send requests that are not encoded yet. */
interface OpenWay {
  readonly url: string;
  readonly send: (method: string, path: string, given: TestRequest) => Promise<Response>;
  readonly openSocket: TestClient["websocket"];
}

function encoding(
  { url, send, connect }: Way,
  headers: TestClientOptions["headers"],
  openTime: OpenTime,
): OpenWay {
  const encode = (path: string, given: TestRequest): Promise<SentRequest> =>
    encodeRequest(path, given, { url, always: headers });
  return {
    url,
    send: (method, path, given) =>
      openTime.use(`${method} ${path}`, async () => send(method, await encode(path, given))),
    openSocket: (path, { subprotocols, receiveTimeoutMs, ...given } = {}) =>
      openTime.use(`the handshake of ${path}`, async () => {
        const encoded = await encode(path, given);
        const opening = { path: encoded.path, headers: encoded.headers, subprotocols, receiveTimeoutMs };
        return openTestSocket(url, opening, connect);
      }),
  };
}

function clientOf(
  { url, send, openSocket }: OpenWay,
  close: () => Promise<void>,
  parts: {
    readonly size: () => TestClient["threads"];
    readonly jobs: () => TestJobs;
    readonly settled: TestClient["settled"];
  },
): TestClient {
  const request: TestClient["request"] = <Body>(method: string, path: string, given: TestRequest = {}) =>
    send(method, path, given) as Promise<TestResponse<Body>>;
  const ask =
    (method: string): Ask =>
    <Body>(path: string, given?: TestRequest) =>
      request<Body>(method, path, given);
  return {
    url,
    get threads() {
      return parts.size();
    },
    get jobs() {
      return parts.jobs();
    },
    get: ask("GET"),
    post: ask("POST"),
    put: ask("PUT"),
    patch: ask("PATCH"),
    delete: ask("DELETE"),
    head: ask("HEAD"),
    options: ask("OPTIONS"),
    request,
    websocket: openSocket,
    settled: parts.settled,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Format = (line: string) => string;

/** The log of a test that passed no logger: the app's failures go to stderr, since the test sees only a 500. */
function createOutput(level: "warn" | "error"): Logger {
  let format: Format | undefined;
  return createLogger(level, false, {
    write(line) {
      format ??= createFormat();
      process.stderr.write(format(line));
    },
  });
}

/** Loaded only when something fails. */
function createFormat(): Format {
  const { prettyFactory } = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
  return prettyFactory({
    colorize: false,
    ignore: "pid,hostname,time,reqId,operation,guard,err.type,err.message",
    singleLine: true,
  });
}
