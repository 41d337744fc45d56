import { availableParallelism } from "node:os";
import { fastify as createFastify } from "fastify";
import { FixedQueue, Piscina } from "piscina";
import { announce } from "./report.ts";
import { settings } from "./settings.ts";

const threads = settings.threads ?? Math.min(32, availableParallelism() + 4);
const loaded = new Int32Array(new SharedArrayBuffer(4));
const pool = new Piscina({
  filename: new URL(`./piscina-thread${import.meta.url.slice(-3)}`, import.meta.url).href,
  minThreads: threads,
  maxThreads: threads,
  atomics: settings.atomics,
  concurrentTasksPerWorker: settings.callsPerThread,
  taskQueue: new FixedQueue(), // "higher performance" than the array, according to its docs
  recordTiming: false,
  workerData: loaded,
});

const fastify = createFastify({ logger: false });
fastify.get("/", async () => ({ hello: "world" }));
fastify.get("/plain", async () => pool.run(null, { name: "greet" }));
fastify.get("/burn", async () => pool.run(null, { name: "burn" }));
fastify.get("/hold", async () => pool.run(null, { name: "hold" }));
const url = await fastify.listen({ host: "127.0.0.1", port: 0 });
announce(url, () => ({ threads: Atomics.load(loaded, 0) }));
