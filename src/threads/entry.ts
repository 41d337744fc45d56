import { workerData } from "node:worker_threads";
import type { App } from "../app/app.ts";
import { type CloseLifespans, openLifespans } from "../app/lifespan.ts";
import { type AppTarget, loadApp } from "../app/load.ts";
import { whenServed } from "../app/place.ts";
import { bindTask } from "../app/task.ts";
import { describeError } from "../errors/described-error.ts";
import { Inbox } from "./inbox.ts";
import type { CallBatch, Control, Hello, ThreadData } from "./messages.ts";
import { listWork, type Work } from "./work.ts";

/** What a thread runs: it imports the user's module, compares what that declares, and takes calls. */
async function enter(data: ThreadData): Promise<void> {
  const { port, target, workIds } = data;
  const inbox = new Inbox(data);
  let close: CloseLifespans = async () => [];
  // Also keeps the thread until the pool ends it.
  port.on("message", (message: CallBatch | Control) => {
    if (Array.isArray(message)) inbox.receive(message);
    else if ("cancelled" in message) inbox.cancel(message.cancelled);
    else void leave(close);
  });
  try {
    const app = await findApp(target);
    for (const task of app.declaredTasks()) bindTask(task, async ({ fn }, args) => fn(...args));
    const work = new Map(listWork(app).map((item) => [item.id, item]));
    const hello = compare(workIds, work);
    if ("ready" in hello) {
      close = await openLifespans(app.declaredLifespans("thread"));
      inbox.open(workIds.map((id) => work.get(id) as Work));
    }
    port.postMessage(hello);
  } catch (error) {
    port.postMessage({ failed: describeError(rootOf(error)) } satisfies Hello);
  }
}

/** The app that `serve(app)` was called with while the module loaded, or else the one the module holds. */
function findApp(target: AppTarget): Promise<App> {
  const served = new Promise<App>((resolve) => whenServed(resolve));
  return target.exportName === undefined ? Promise.race([served, loadApp(target)]) : loadApp(target);
}

function compare(wanted: readonly string[], work: ReadonlyMap<string, Work>): Hello {
  const missing = wanted.filter((id) => !work.has(id));
  const extra = [...work.keys()].filter((id) => !wanted.includes(id));
  return missing.length + extra.length === 0 ? { ready: true } : { missing, extra };
}

/** Closes what the thread has opened, and ends it: nothing that was left running may keep it. */
async function leave(close: CloseLifespans): Promise<void> {
  for (const error of await close()) console.error("a lifespan failed to close:", error);
  process.exit(0);
}

/** The user's own error says more than that loading failed. */
function rootOf(error: unknown): unknown {
  return (error as { cause?: unknown }).cause ?? error;
}

void enter(workerData as ThreadData);
