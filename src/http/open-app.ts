import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import type { Override } from "../app/dependency.ts";
import { openLifespans } from "../app/lifespan.ts";
import type { AppTarget } from "../app/load.ts";
import { servedLifespans } from "../app/parts.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { describeError } from "../errors/described-error.ts";
import { type Lanes, openLanes } from "../lanes/lanes.ts";
import { addAnswers, createServer, type ServerOptions } from "./server.ts";

/** How an app is opened. */
export interface OpenAppOptions extends ServerOptions {
  readonly settings: ResolvedSettings;
  readonly target: AppTarget | undefined;
  readonly log: Logger;
  /** What a test puts in place of dependencies. */
  readonly overrides?: readonly Override[];
}

/** An app that can be asked, but does not listen yet. */
export interface OpenApp {
  readonly lanes: Lanes;
  readonly fastify: FastifyInstance;
}

/**
 * Opens all that an app needs: its lifespans, its lanes, its server.
 *
 * @param opened - Takes what is to be closed, in reverse.
 */
export async function openApp(
  app: App,
  { settings, target, log, overrides, ...options }: OpenAppOptions,
  opened: AsyncDisposableStack,
): Promise<OpenApp> {
  const close = await openLifespans(servedLifespans(app, "main"));
  opened.defer(async () => {
    for (const error of await close()) log.error({ err: describeError(error) }, "a lifespan failed to close");
  });
  const lanes = await openLanes(app, settings, target, log, overrides);
  opened.defer(() => lanes.close());
  const fastify = await createServer(app, settings, log);
  opened.defer(async () => {
    // One that shuts down is closing already, and is not waited for beyond its time.
    if (!lanes.closing) await fastify.close();
  });
  await addAnswers(fastify, app, lanes, settings, log, options);
  return { lanes, fastify };
}
