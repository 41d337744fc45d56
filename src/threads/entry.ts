import { workerData } from "node:worker_threads";
import type { App } from "../app/app.ts";
import { type AppTarget, loadApp } from "../app/load.ts";
import { whenServed } from "../app/place.ts";
import { bindTask } from "../app/task.ts";
import { describeError } from "../errors/described-error.ts";
import { Inbox } from "./inbox.ts";
import type { CallBatch, Hello, ThreadData } from "./messages.ts";
import { listWork, type Work } from "./work.ts";

/** What a thread runs: it imports the user's module, compares what that declares, and takes calls. */
async function enter({ port, claims, target, workIds }: ThreadData): Promise<void> {
  const inbox = new Inbox(port, claims);
  port.on("message", (batch: CallBatch) => inbox.receive(batch)); // also keeps the thread until the pool ends it
  try {
    const app = await findApp(target);
    for (const task of app.declaredTasks()) bindTask(task, async ({ fn }, args) => fn(...args));
    const work = new Map(listWork(app).map((item) => [item.id, item]));
    const hello = compare(workIds, work);
    if ("ready" in hello) inbox.open(workIds.map((id) => work.get(id) as Work));
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

/** The user's own error says more than that loading failed. */
function rootOf(error: unknown): unknown {
  return (error as { cause?: unknown }).cause ?? error;
}

void enter(workerData as ThreadData);
