import { parentPort } from "node:worker_threads";
import type { Relayed, RelayHello, RelayRoute } from "./messages.ts";

parentPort?.on("message", ({ from, to }: RelayRoute) => {
  from.on("message", ({ message, transfer }: Relayed) => to.postMessage(message, transfer));
  // Everything that the thread has sent was passed on before this: the other end may rely on it.
  from.on("close", () => to.close());
});
parentPort?.postMessage({ relaying: true } satisfies RelayHello);
