import { createHash, scryptSync } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { App } from "offloop";
import { z } from "zod";

const app = new App({ title: "{{name}}" });

// async: runs on the event loop. It may await and must not block.
app.get(
  "/hello/:name",
  { query: { times: z.int().min(1).max(9).default(1) } },
  async ({ params, query }) => ({
    hello: Array(query.times).fill(params.name).join(" and "),
  }),
);

// Plain: runs on a thread. It may block, and nobody else waits for it.
app.post("/hash", { body: z.object({ password: z.string().min(8) }) }, ({ body }) => ({
  hash: scryptSync(body.password, "salt", 64).toString("hex"),
}));

// Tasks follow the same rule, whether you await them or add them to run after the response.
export const digest = app.task("digest", (text: string) => createHash("sha256").update(text).digest("hex"));

export const deliver = app.task("deliver", async (to: string, text: string) => {
  await setTimeout(100); // the mail server
  console.log(`to ${to}: ${text}`);
});

const Letter = z.object({ to: z.email(), text: z.string().max(10_000) });

app.post("/letters", { body: Letter, status: 202 }, async ({ body, background }) => {
  background.add(deliver, body.to, body.text); // the client does not wait for it
  return { id: await digest(body.text) };
});

export default app;
