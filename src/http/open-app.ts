import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { Override } from "../app/dependency.ts";
import { openLifespans } from "../app/lifespan.ts";
import type { AppTarget } from "../app/load.ts";
import { hasJobs, servedLifespans } from "../app/parts.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { describeError } from "../errors/described-error.ts";
import type { OpenJobs, OpenJobsOptions } from "../jobs/open.ts";
import { type Lanes, openLanes } from "../lanes/lanes.ts";
import { addAnswers, createServer, type ServerOptions } from "./server.ts";

/** How an app is opened. */
export interface OpenAppOptions extends ServerOptions {
  readonly settings: ResolvedSettings;
  readonly target: AppTarget | undefined;
  readonly log: Logger;
  /** What a test puts in place of dependencies. */
  readonly overrides?: readonly Override[];
  /** Whether this process works on jobs. Default true. */
  readonly worksOnJobs?: boolean;
  /** What a test keeps jobs with. */
  readonly openJobs?: (options: OpenJobsOptions) => Promise<OpenJobs>;
}

/** An app that can be asked, but does not listen yet. */
export interface OpenApp {
  readonly lanes: Lanes;
  readonly fastify: FastifyInstance;
  /** Undefined when no task is durable. */
  readonly jobs: OpenJobs | undefined;
}

/**
 * Opens all that an app needs: its lifespans, its lanes, its server.
 *
 * @param opened - Takes what is to be closed, in reverse.
 */
export async function openApp(
  app: App,
  { settings, target, log, overrides, worksOnJobs = true, openJobs, ...options }: OpenAppOptions,
  opened: AsyncDisposableStack,
): Promise<OpenApp> {
  const close = await openLifespans(servedLifespans(app, "main"));
  opened.defer(async () => {
    for (const error of await close()) log.error({ err: describeError(error) }, "a lifespan failed to close");
  });
  const lanes = await openLanes(app, settings, target, log, overrides);
  opened.defer(() => lanes.close());
  const jobs = await openJobsOf(app, { settings, lanes, log, works: worksOnJobs, open: openJobs });
  opened.defer(() => jobs?.close());
  const fastify = await createServer(app, settings, log);
  opened.defer(async () => {
    // One that shuts down is closing already, and is not waited for beyond its time.
    if (!lanes.closing) await fastify.close();
  });
  await addAnswers(fastify, app, lanes, settings, log, options);
  return { lanes, fastify, jobs };
}

interface JobsOf {
  readonly settings: ResolvedSettings;
  readonly lanes: Lanes;
  readonly log: Logger;
  readonly works: boolean;
  readonly open?: OpenAppOptions["openJobs"];
}

/** Opens the jobs of an app, if any of its tasks is durable: otherwise nothing of them is loaded. */
export async function openJobsOf(
  app: App,
  { settings, lanes, log, works, open }: JobsOf,
): Promise<OpenJobs | undefined> {
  if (!hasJobs(app)) return undefined;
  const { attempts, tracing } = lanes;
  const openThem = open ?? (await import("../jobs/open.ts")).openJobs;
  return openThem({
    app,
    settings: settings.jobs,
    lanes: attempts,
    trace: () => tracing?.pack(),
    log,
    works,
  });
}
