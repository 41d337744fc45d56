import type { AddressInfo } from "node:net";
import express from "express";
import { announce } from "../report.ts";
import { computeAndNote, greeting, waitAndNote, work } from "./routes.ts";

const app = express();
app.get("/", async (_request, response) => void response.json(greeting));
for (const [path, run] of Object.entries(work))
  app.get(path, async (_request, response) => void response.json(run()));
app.get("/tasks/async/:id", async ({ params }, response) => {
  response.once("finish", () => void waitAndNote(params.id));
  response.json(greeting);
});
app.get("/tasks/plain/:id", async ({ params }, response) => {
  response.once("finish", () => computeAndNote(params.id));
  response.json(greeting);
});
const server = app.listen(0, "127.0.0.1", () => {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
