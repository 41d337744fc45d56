import { type HttpBindings, serve } from "@hono/node-server";
import { Hono } from "hono";
import { announce } from "../report.ts";
import { computeAndNote, greeting, waitAndNote, work } from "./routes.ts";

const app = new Hono<{ Bindings: HttpBindings }>();
app.get("/", async (c) => c.json(greeting));
for (const [path, run] of Object.entries(work)) app.get(path, async (c) => c.json(run() as object));
app.get("/tasks/async/:id", async (c) => {
  c.env.outgoing.once("finish", () => void waitAndNote(c.req.param("id")));
  return c.json(greeting);
});
app.get("/tasks/plain/:id", async (c) => {
  c.env.outgoing.once("finish", () => computeAndNote(c.req.param("id")));
  return c.json(greeting);
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
  announce(`http://127.0.0.1:${port}`),
);
