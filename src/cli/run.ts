import cluster from "node:cluster";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import { integer } from "../app/integer.ts";
import { hasJobs } from "../app/parts.ts";
import { resolveSettings } from "../app/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { guardApp } from "../guard/check-app.ts";
import { listen } from "../http/listen.ts";
import { createLogger } from "../http/logger.ts";
import { loadToServe, parseTarget } from "./declared-app.ts";
import { checkedLevel, type Serving, settingsOf, tlsOf } from "./serving.ts";
import { embeddedError } from "./work.ts";
import { runWorkers } from "./workers.ts";

/** Options of `offloop run`. */
interface RunOptions extends Serving {
  readonly workers?: number;
  readonly guard?: boolean;
  readonly work: boolean;
}

/** `offloop run`: serves the app until a signal ends it, in this process or in several. */
export async function run(module: string, options: RunOptions): Promise<void> {
  const { host, port, workers, logLevel, accessLog, work } = options;
  const target = parseTarget(module);
  const logger = createLogger(checkedLevel(logLevel));
  const app = await loadToServe(target);
  if (options.guard === true && cluster.isPrimary) guardApp(app, logger);
  if (workers !== undefined && cluster.isPrimary) return startWorkers(app, workers, logger);
  const server = await listen(
    app,
    { host, port, accessLog, logger, work, ...tlsOf(options), ...settingsOf(options) },
    target,
  );
  logger.info(`${app.title} ${app.version} listens on ${server.url}`);
}

/** The primary has loaded the app too, so that a mistake in it is said once and not by every worker. */
function startWorkers(app: App, workers: number, logger: Logger): void {
  const settings = resolveSettings(app.settings);
  if (hasJobs(app) && settings.jobs.url === undefined && workers > 1) throw embeddedError("--workers", app);
  if (settings.health?.port !== undefined) {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      "Cannot use --workers with health.port: the workers would share that port",
      {
        at: app.location,
        fix: "leave health.port out: the probes are then answered on the app's port",
      },
    );
  }
  runWorkers(integer("--workers", workers, 1, 256), logger);
}
