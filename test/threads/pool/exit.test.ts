import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Exit } from "../../../src/threads/pool/exit.ts";

/** A thread that computes for ever, and whose first request to end is lost, as Node loses it while modules are loaded. */
class DeafWorker extends Worker {
  #isDeaf = true;

  constructor() {
    super("require('node:worker_threads').parentPort.postMessage('runs'); for (;;);", { eval: true });
  }

  override async terminate(): Promise<number> {
    if (!this.#isDeaf) return super.terminate();
    this.#isDeaf = false;
    const [code] = (await once(this, "exit")) as [number];
    return code;
  }
}

test("Exit.force() ends a thread for which Node has lost the first request to end", async () => {
  const worker = new DeafWorker();
  await once(worker, "message");
  const ended = Promise.withResolvers<void>();
  const exit = new Exit(worker, ended.resolve);
  await exit.force();
  await ended.promise;
});
