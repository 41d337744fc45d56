import { App, serve } from "offloop";
import { announce } from "../report.ts";
import { settings } from "../settings.ts";
import { burn, hold } from "../work.ts";
import { computeAndNote, DEADLINE_MS, greeting, runAway, waitAndNote } from "./routes.ts";

const { minThreads: min, priority } = settings;
const app = new App({
  threads: { ...(min === undefined ? {} : { min }), ...(priority === undefined ? {} : { priority }) },
});
const afterwards = app.task("afterwards", async (id: string) => waitAndNote(id));
const computing = app.task("computing", (id: string) => computeAndNote(id));
app.get("/", async () => greeting);
app.get("/compute", () => burn());
app.get("/short", () => greeting);
app.get("/slow", () => hold());
app.get("/runaway", { timeoutMs: DEADLINE_MS }, () => runAway());
app.get("/tasks/async/:id", async ({ params, background }) => {
  background.add(afterwards, params.id);
  return greeting;
});
app.get("/tasks/plain/:id", async ({ params, background }) => {
  background.add(computing, params.id);
  return greeting;
});

const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent" });
announce(server.url, () => server.threads);
