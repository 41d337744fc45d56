import { collectDefaultMetrics, Histogram, Registry } from "prom-client";

/** Gauges whose names end like counters, and a delay that is reset on each read. */
const misleading = /^nodejs_(eventloop_lag_.*|active_\w+_total)$/;

let registry: Registry | undefined;

/** CPU, memory, garbage collection and loop lag of the process: counted once, however many servers it has. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
    for (const { name } of registry.getMetricsAsArray())
      if (misleading.test(name)) registry.removeSingleMetric(name);
    observeLag(registry);
  }
  return registry;
}

const SAMPLE_MS = 20;
/** For a process that was stopped longer than this, more samples would add nothing. */
const LONGEST_MS = 60_000;

/**
 * Observes how long something that arrived at any moment would have waited for the loop. Nothing can be observed while
 * the loop does not turn: the missed moments are observed afterwards, each with what remained of the wait.
 */
function observeLag(registry: Registry): void {
  const lag = new Histogram({
    name: "offloop_loop_lag_seconds",
    help: "How long work that arrives now waits for the event loop, sampled every 20 ms",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  let due = performance.now() + SAMPLE_MS;
  setInterval(() => {
    const now = performance.now();
    for (let late = Math.min(now - due, LONGEST_MS); late >= 0; late -= SAMPLE_MS) lag.observe(late / 1000);
    due = now + SAMPLE_MS;
  }, SAMPLE_MS).unref();
}
