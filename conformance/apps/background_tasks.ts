import { appendFileSync } from "node:fs";
import { devNull } from "node:os";
import { z } from "zod";
import { createApp, depends } from "../lane.ts";

export const tutorial001 = createApp();
const notify = tutorial001.task("notify", (email: string, message: string) =>
  appendFileSync(devNull, `notification for ${email}: ${message}`),
);
tutorial001.post("/send-notification/:email", async ({ params, background }) => {
  background.add(notify, params.email, "some notification");
  return { message: "Notification sent in the background" };
});

export const tutorial002 = createApp();
const write = tutorial002.task("write", (message: string) => appendFileSync(devNull, message));
const found = depends({ query: { q: z.string().optional() } }, ({ query, background }) => {
  if (query.q !== undefined) background.add(write, `found query: ${query.q}\n`);
  return query.q;
});
tutorial002.post("/send-notification/:email", { deps: { found } }, async ({ params, background }) => {
  background.add(write, `message to ${params.email}\n`);
  return { message: "Message sent" };
});
