import { parentPort } from "node:worker_threads";
import type { RelayEnds, Relayed, RelayHello } from "./messages.ts";

// What the relay runs: see `pool/relay.ts`.
parentPort?.on("message", ({ from, to }: RelayEnds) => {
  from.on("message", ({ message, transfer }: Relayed) => to.postMessage(message, transfer));
  // Everything that the thread has sent was passed on before this: the other end may rely on it.
  from.on("close", () => to.close());
});
parentPort?.postMessage({ relaying: true } satisfies RelayHello);
