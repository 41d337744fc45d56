import { fileURLToPath } from "node:url";
import { type MessagePort, workerData } from "node:worker_threads";
import type { App } from "../../app/app.ts";
import type { DependencyDeclaration, Replacement } from "../../app/dependency.ts";
import { type CloseLifespans, openLifespans } from "../../app/lifespan.ts";
import { type AppTarget, loadApp, whenServed, whenTested } from "../../app/load/load.ts";
import { loadMistake } from "../../app/load/load-mistake.ts";
import { captureOutput } from "../../app/load/process-output.ts";
import { settling } from "../../app/load/settling.ts";
import type { Log } from "../../app/log.ts";
import {
  partsOf,
  servedDependents,
  servedErrorHandlers,
  servedLifespans,
  servedOverrides,
  servedRouters,
  servedSockets,
  servedTasks,
} from "../../app/parts.ts";
import { beginServing } from "../../app/served.ts";
import { takeEnvironment } from "../../app/settings/environment.ts";
import { refuseToSend } from "../../app/sockets/websocket-handle.ts";
import type { BoundJobs } from "../../app/tasks/jobs.ts";
import { bindEnqueuer, bindTask } from "../../app/tasks/task-declaration.ts";
import { describeError } from "../../errors/described-error.ts";
import { exitCallText } from "../../errors/exit-call.ts";
import { localPath, OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { listDependencies } from "../../operation/dependency-plan.ts";
import { SharedDependencies } from "../../operation/open-dependencies.ts";
import { SessionCookie } from "../../operation/session.ts";
import { listTaskWork, listWork } from "../crossing/app-work.ts";
import { kernelThreadId } from "../crossing/kernel-thread.ts";
import { lockWhileLoading } from "../crossing/loading.ts";
import type { GivenValues, Hello, ThreadData, ThreadMessage, ThreadStart } from "../crossing/messages.ts";
import { packThrown, unpackValue } from "../crossing/values.ts";
import type { Work } from "../crossing/work.ts";
import { Inbox } from "./inbox.ts";
import { becomeIdle, standBack } from "./priority.ts";
import { createThreadLog, OwnFields, sendOutput, type ThreadChannel, threadEnqueuer } from "./services.ts";
import { type AroundInThread, WorkRunner } from "./work-runner.ts";

/** Closes what a thread has opened. Returns the errors of what failed to close. */
type Close = () => Promise<unknown[]>;

/** What a thread runs: it imports the user's module, compares what the module declares, and accepts calls. */
async function enter(port: MessagePort, data: ThreadData): Promise<void> {
  lockWhileLoading(data.loading);
  standBack(data.priority); // before the app is loaded, which also uses the CPU
  let close: Close = async () => [];
  const inbox = new Inbox(port, data, () => void leave(inbox.channel, close));
  if (data.ownsOutput) captureOutput((line) => sendOutput(inbox.channel, inbox.about, line));
  // When a later call ends the thread, calls that have ended keep their results.
  process.on("exit", (code) => {
    inbox.flush();
    logExitCall(inbox, code);
  });
  try {
    takeVariables(data.variables);
    takeEnvironment(data.environment);
    const loaded = await load(port, data);
    const hello = compare(data.workIds, loaded.work);
    if ("ready" in hello) {
      const around = data.traced ? await openAround() : undefined;
      const runner = createRunner(inbox, loaded, data, around);
      close = closing(loaded.shared, await openLifespans(servedLifespans(loaded.app, "thread")));
      inbox.open(around?.calls(runner) ?? runner, around?.logFields);
      if (data.priority === "idle") hello.notIdle = becomeIdle();
    }
    port.postMessage(hello);
  } catch (error) {
    port.postMessage(await failedHello(error, data.target));
  }
}

/** What the thread has of the user's module. */
interface Loaded {
  readonly app: App;
  /** Its work, by id. */
  readonly work: ReadonlyMap<string, Work>;
  readonly shared: SharedDependencies;
}

async function load(port: MessagePort, { target, part, given, inputs }: ThreadData): Promise<Loaded> {
  const app = await findApp(target, port);
  const overrides = servedOverrides(app);
  const shared = new SharedDependencies(overrides);
  takeGiven(app, given, shared, overrides);
  const own = part === "app" ? listWork(app, { overrides, inputs }) : listTaskWork(app, overrides);
  beginServing(servedRouters(app)); // until the thread ends
  return { app, work: new Map(own.map((item) => [item.id, item])), shared };
}

/** Makes what runs the calls, and binds to it what the app's code may call here by itself. */
function createRunner(
  inbox: Inbox,
  { app, work, shared }: Loaded,
  { workIds, rootPath, session }: ThreadData,
  around: AroundInThread | undefined,
): WorkRunner {
  const works = workIds.map((id) => work.get(id) as Work);
  const runner = new WorkRunner(works, servedErrorHandlers(app), {
    shared,
    rootPath,
    sessions: session && new SessionCookie(session),
    traceDependency: around?.dependency,
  });
  for (const { app: one } of partsOf(app)) (one.jobs as BoundJobs).refuse(() => inbox.running);
  bindTasks(app, runner, inbox, around);
  for (const { rooms, connection } of servedSockets(app)) rooms.bind(refuseToSend(connection.id));
  return runner;
}

/** Says that it was the app's code that has ended the thread, if it was. */
function logExitCall({ channel, about }: Inbox, exitCode: number): void {
  const what = exitCallText();
  if (what !== undefined)
    createThreadLog(channel, new OwnFields({ ...about, exitCode })).warn(`the thread ends: ${what}`);
}

/** What the pool is told of an app that could not be loaded. */
async function failedHello(error: unknown, { url }: AppTarget): Promise<Hello> {
  const root = rootOf(error);
  const mistake =
    root instanceof OffloopError && root.at !== undefined
      ? { at: root.at, fix: root.fix }
      : await loadMistake(root, new URL(url));
  return { failed: describeError(root), mistake };
}

/** Makes this thread's copy of the environment what the main thread's is now. */
function takeVariables(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in variables)) delete process.env[name];
  Object.assign(process.env, variables);
}

function takeGiven(
  app: App,
  given: GivenValues,
  shared: SharedDependencies,
  overrides: Map<DependencyDeclaration, Replacement>,
): void {
  if (given.length === 0) return;
  const dependencies = listDependencies(servedDependents(app), servedOverrides(app));
  for (const [index, crossed, refused] of given) {
    const value = unpackValue(crossed);
    const dependency = dependencies[index];
    if (dependency === undefined) continue; // another app was loaded: comparing the work will reveal it
    if (dependency.scope === "app" && !overrides.has(dependency)) shared.set(dependency, value);
    else overrides.set(dependency, { value, refused });
  }
}

/** The app that `serve(app)` was called with while the module loaded, or else the app that the module holds. */
async function findApp(target: AppTarget, port: MessagePort): Promise<App> {
  const served = new Promise<App>((resolve) => whenServed(resolve));
  const found = target.exportName === undefined ? Promise.race([served, loadApp(target)]) : loadApp(target);
  let client: SourceLocation | undefined;
  // A test with its app in it may await the client before it is loaded, and the client waits for this thread. Once the
  // port no longer keeps the loop alive, a loop that has nothing left has nothing that could end the waiting.
  whenTested((at) => {
    client ??= at;
    port.unref();
  });
  try {
    return await settling(found, () => waitsForClient(target, client));
  } finally {
    whenTested(undefined);
    port.ref();
  }
}

function waitsForClient({ url }: AppTarget, at: SourceLocation | undefined): OffloopError {
  const file = localPath(fileURLToPath(url));
  const what = `Cannot load "${file}" in a thread: it waits for a test client, which waits for the thread`;
  return new OffloopError("OFFLOOP_MODULE_FAILED", what, {
    at,
    fix: "put the app into a module of its own, or open the client inside a test",
  });
}

function compare(wanted: readonly string[], work: ReadonlyMap<string, Work>): Hello {
  const missing = wanted.filter((id) => !work.has(id));
  const extra = [...work.keys()].filter((id) => !wanted.includes(id));
  return missing.length + extra.length === 0
    ? { ready: true, kernelId: kernelThreadId() }
    : { missing, extra };
}

/**
 * Tasks that are called here run here, for the request or job whose code calls them; jobs are stored by the main thread.
 */
function bindTasks(app: App, runner: WorkRunner, inbox: Inbox, around: AroundInThread | undefined): void {
  const { channel } = inbox;
  const enqueuer = threadEnqueuer(channel.outlet, () => around?.pack?.());
  const { signal } = new AbortController();
  for (const task of servedTasks(app)) {
    bindEnqueuer(task, enqueuer);
    bindTask(task, (declaration, args) => {
      const { operation: _, ...callers } = inbox.about as { readonly operation?: unknown };
      const about = new OwnFields({ ...callers, task: declaration.name });
      const log = (): Log => createThreadLog(channel, about);
      const run = (): Promise<unknown> => runner.runHere(declaration, args, { signal: () => signal, log });
      return around?.task === undefined ? run() : around.task(declaration, run);
    });
  }
}

/** A thread's composition: what surrounds calls is named here and nowhere else, and loaded only where it is wanted. */
async function openAround(): Promise<AroundInThread> {
  const { openInThread } = await import("../../tracing/open.ts");
  return openInThread();
}

/** Closes the values of the scope "thread", then the lifespans. */
function closing(shared: SharedDependencies, closeLifespans: CloseLifespans): Close {
  return async () => {
    const failures: unknown[] = [];
    await shared.close().catch((error: unknown) => failures.push(error));
    return [...failures, ...(await closeLifespans())];
  };
}

/** Closes what the thread has opened, and ends it: nothing left running may keep it alive. */
async function leave(channel: ThreadChannel, close: Close): Promise<void> {
  for (const error of await close())
    channel.outlet.postMessage({ unclosed: packThrown(error) } satisfies ThreadMessage);
  process.exit(0);
}

/** The user's own error says more than that loading failed. */
function rootOf(error: unknown): unknown {
  return (error as { cause?: unknown }).cause ?? error;
}

const { port } = workerData as ThreadStart;
// A module of the app that is an entry of the user's own workers, too, might send its results there.
Reflect.deleteProperty(workerData as ThreadStart, "port");
port.once("message", (data: ThreadData) => void enter(port, data));
