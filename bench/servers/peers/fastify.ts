import { fastify as createFastify } from "fastify";
import { announce } from "../report.ts";
import { computeAndNote, DEADLINE_MS, greeting, waitAndNote, work } from "./routes.ts";

const fastify = createFastify({ logger: false });
fastify.get("/", async () => greeting);
for (const [path, run] of Object.entries(work))
  fastify.get(path, { handlerTimeout: DEADLINE_MS }, async () => run());
fastify.get<{ Params: { id: string } }>("/tasks/async/:id", async ({ params }, reply) => {
  reply.raw.once("finish", () => void waitAndNote(params.id));
  return greeting;
});
fastify.get<{ Params: { id: string } }>("/tasks/plain/:id", async ({ params }, reply) => {
  reply.raw.once("finish", () => computeAndNote(params.id));
  return greeting;
});
announce(await fastify.listen({ host: "127.0.0.1", port: 0 }));
