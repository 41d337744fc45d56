import { collectDefaultMetrics, Registry } from "prom-client";

let registry: Registry | undefined;

/** CPU, memory, garbage collection and loop delay of the process: counted once, however many servers it has. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
