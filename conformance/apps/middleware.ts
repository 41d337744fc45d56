import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.around(async (_, next) => {
  const start = performance.now();
  const reply = await next();
  reply.headers.set("x-process-time", String((performance.now() - start) / 1_000));
  return reply;
});
