import { type MessagePort, workerData } from "node:worker_threads";
import type { Fetched } from "./fetch-sync.ts";

const { port, answered } = workerData as { port: MessagePort; answered: Int32Array<SharedArrayBuffer> };

port.on("message", async (url: string) => {
  port.postMessage(await fetched(url));
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
});

async function fetched(url: string): Promise<Fetched> {
  try {
    const response = await fetch(url);
    return { text: await response.text() };
  } catch (error) {
    return { error: error as Error };
  }
}
