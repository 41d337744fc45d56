import cluster from "node:cluster";
import type { Logger } from "pino";
import type { App } from "../app/app.ts";
import { integer } from "../app/integer.ts";
import { hasJobs, hasPlugins, servedLifespans } from "../app/parts.ts";
import { resolveSettings } from "../app/settings/settings.ts";
import { formatLocation, OffloopError } from "../errors/offloop-error.ts";
import { guardApp } from "../guard/check-app.ts";
import { removeStale } from "../http/lifecycle/bind.ts";
import { listen } from "../http/lifecycle/listen.ts";
import { createLogger } from "../http/logs/logger.ts";
import { takeOutput } from "../http/logs/own-output.ts";
import type { InspectorSetting } from "../http/pages/inspector.ts";
import { appName, loadToServe, parseTarget } from "./declared-app.ts";
import { openPrimaryHealth } from "./primary-health.ts";
import { checkedLevel, type Serving, settingsOf, tlsOf } from "./serving.ts";
import { embeddedError } from "./work.ts";
import { Workers } from "./workers.ts";

/** Options of `offloop run`. */
interface RunOptions extends Serving {
  readonly workers?: number;
  readonly guard?: boolean;
  /** The name that uvicorn uses. */
  readonly reload?: boolean;
  readonly work: boolean;
  readonly inspector?: boolean;
  readonly inspectorToken?: string;
}

/** `offloop run`: serves the app until a signal ends it, in one process or in several. */
export async function run(module: string, options: RunOptions): Promise<void> {
  const { host, port, socket, workers, logLevel, accessLog, work } = options;
  if (options.reload === true) throw reloadUnknown(module);
  surviveWhileLoading(workers !== undefined);
  const target = parseTarget(module);
  const logger = createLogger(checkedLevel(logLevel));
  takeOutput(logger);
  const app = await loadToServe(target);
  if (options.guard === true && cluster.isPrimary) guardApp(app, logger);
  if (socket !== undefined && cluster.isPrimary) await removeStale(socket);
  if (workers !== undefined && cluster.isPrimary) return startWorkers(app, workers, host, logger);
  const server = await listen(
    app,
    {
      host,
      port,
      accessLog,
      logger,
      work,
      ...(socket !== undefined && { socket }),
      ...tlsOf(options),
      ...settingsOf(options),
      inspector: inspectorOf(options),
    },
    target,
  );
  // With a Unix socket, the host is not listened on.
  const elsewhere =
    socket === undefined && isEveryAddress(host) ? `, and on all addresses of this machine (${host})` : "";
  logger.info(`${appName(app)} listens on ${server.url}${elsewhere}`);
}

/** Whether a host stands for all addresses; its URL names one that works on this machine. */
function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function reloadUnknown(module: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    "Cannot use --reload with offloop run: it loads the app once, as it was deployed",
    { fix: `run "offloop dev ${module}", which reloads when a file of the app changes` },
  );
}

/** With a token it answers those who have the token, whatever the other option says. */
function inspectorOf({ inspector = false, inspectorToken = "" }: RunOptions): InspectorSetting | false {
  return inspectorToken === "" ? inspector : { token: inspectorToken };
}

/** Ignores signals that ask nothing of a process that is still loading its app, but would end it. */
function surviveWhileLoading(hasWorkers: boolean): void {
  process.on("SIGUSR2", () => {});
  // Asks for a rolling restart, unless it means that the terminal has closed.
  if (hasWorkers && process.stdin.isTTY !== true) process.on("SIGHUP", () => {});
}

/** The primary has loaded the app as well, so that a mistake in it is reported once rather than by every worker. */
async function startWorkers(app: App, count: number, host: string, log: Logger): Promise<void> {
  const settings = resolveSettings(app.settings);
  const isOwned = hasJobs(app) && settings.jobs.url === undefined;
  if (isOwned && count > 1) throw embeddedError("--workers", app);
  const workers = new Workers({
    count: integer("--workers", count, [1, 256]),
    hungWorkerMs: settings.hungWorkerMs,
    startSteps: startStepsOf(app),
    noRolling: isOwned ? embeddedError("a rolling restart", app) : undefined,
    log,
  });
  const { health, metrics } = settings;
  if (health?.port !== undefined)
    log.info(`health at ${await openPrimaryHealth({ health, metrics }, host, workers)}`);
  workers.start();
}

function startStepsOf(app: App): string[] {
  return [
    "its module",
    ...servedLifespans(app, "main").map(({ location }) => `the lifespan at ${formatLocation(location)}`),
    ...(hasPlugins(app) ? ["its plugins"] : []),
    ...(hasJobs(app) ? ["the database of its jobs"] : []),
  ];
}
