import { fastify as createFastify } from "fastify";
import { announce } from "./report.ts";
import { settings } from "./settings.ts";
import { burn, takeEnds, waitAfterwards } from "./work.ts";

const { optimizeEmptyRequests, log } = settings;
const fastify = createFastify({ logger: log, http: { optimizeEmptyRequests } });
fastify.get("/", async () => ({ hello: "world" }));
fastify.get("/burn", async () => burn());
fastify.get("/background", async (_request, reply) => {
  reply.raw.once("finish", () => void waitAfterwards());
  return { hello: "world" };
});
const url = await fastify.listen({ host: "127.0.0.1", port: 0 });
announce(url, () => ({ threads: 0, taskEnds: takeEnds() }));
