import { fastify as createFastify } from "fastify";
import { z } from "zod";
import { announce } from "./report.ts";

const Query = z.object({
  page: z.coerce.number().int(),
  limit: z.coerce.number().int().max(100),
  active: z.stringbool(),
});

const fastify = createFastify({ logger: false });
fastify.get("/query", async (request) => Query.parse(request.query));
announce(await fastify.listen({ host: "127.0.0.1", port: 0 }));
