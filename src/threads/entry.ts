import { workerData } from "node:worker_threads";
import type { App } from "../app/app.ts";
import type { DependencyDeclaration } from "../app/dependency.ts";
import { type AppTarget, loadApp } from "../app/load.ts";
import type { Replacement } from "../app/overrides.ts";
import { whenServed } from "../app/place.ts";
import { bindTask } from "../app/task.ts";
import { KeptDependencies } from "../dependencies/kept.ts";
import { listDependencies } from "../dependencies/reach.ts";
import { describeError } from "../errors/described-error.ts";
import { Inbox } from "./inbox.ts";
import type { CallBatch, Hello, ThreadData } from "./messages.ts";
import type { GivenValues } from "./pool-options.ts";
import { listWork, type Work } from "./work.ts";

/** What a thread runs: it imports the user's module, compares what that declares, and takes calls. */
async function enter({ port, claims, target, workIds, given }: ThreadData): Promise<void> {
  try {
    const app = await findApp(target);
    const overrides = new Map(app.overrides);
    const kept = new KeptDependencies(overrides);
    takeGiven(app, given, kept, overrides);
    const inbox = new Inbox(port, claims, kept);
    for (const task of app.declaredTasks()) bindTask(task, async ({ fn }, args) => fn(...args));
    const work = new Map(listWork(app, overrides).map((item) => [item.id, item]));
    const hello = compare(workIds, work);
    if ("ready" in hello)
      inbox.open(
        workIds.map((id) => work.get(id) as Work),
        app.operationSettings.errorHandlers,
      );
    port.on("message", (batch: CallBatch) => inbox.receive(batch));
    port.postMessage(hello);
  } catch (error) {
    port.postMessage({ failed: describeError(rootOf(error)) } satisfies Hello);
  }
}

function takeGiven(
  app: App,
  given: GivenValues,
  kept: KeptDependencies,
  overrides: Map<DependencyDeclaration, Replacement>,
): void {
  if (given.length === 0) return;
  const dependencies = listDependencies(app.declaredOperations(), app.overrides);
  for (const [index, value] of given) {
    const dependency = dependencies[index];
    if (dependency === undefined) continue; // another app was loaded, which the comparison of work will tell
    if (dependency.scope === "app" && !overrides.has(dependency)) kept.set(dependency, value);
    else overrides.set(dependency, { value });
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
