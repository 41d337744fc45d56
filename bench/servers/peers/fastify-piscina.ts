import { availableParallelism } from "node:os";
import { fastify as createFastify } from "fastify";
import { FixedQueue, Piscina } from "piscina";
import { announce } from "../report.ts";
import { settings } from "../settings.ts";
import { DEADLINE_MS, greeting, waitAndNote, work } from "./routes.ts";

const threads = settings.threads ?? Math.min(32, availableParallelism() + 4); // offloop's default
const pool = new Piscina({
  filename: new URL(`./piscina-thread${import.meta.url.slice(-3)}`, import.meta.url).href,
  minThreads: threads,
  maxThreads: threads,
  taskQueue: new FixedQueue(),
  recordTiming: false,
});

const fastify = createFastify({ logger: false });
fastify.get("/", async () => greeting);
for (const path of Object.keys(work))
  fastify.get(path, async () =>
    // Only calls that need a deadline get one, since each needs a signal of its own.
    path === "/runaway"
      ? pool.run(path, { name: "run", signal: AbortSignal.timeout(DEADLINE_MS) })
      : pool.run(path, { name: "run" }),
  );
fastify.get<{ Params: { id: string } }>("/tasks/async/:id", async ({ params }, reply) => {
  reply.raw.once("finish", () => void waitAndNote(params.id));
  return greeting;
});
fastify.get<{ Params: { id: string } }>("/tasks/plain/:id", async ({ params }, reply) => {
  reply.raw.once("finish", () => void pool.run(params.id, { name: "computeAndNote" }));
  return greeting;
});
announce(await fastify.listen({ host: "127.0.0.1", port: 0 }));
