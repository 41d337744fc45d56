import { dirname, join } from "node:path";
import { App, serve } from "offloop";
import { announce } from "../report.ts";
import { settings } from "../settings.ts";
import { greeting, waitAndNote } from "./routes.ts";

const app = new App({ jobs: { dir: join(dirname(settings.ledger), "jobs") } });
const job = app.task("job", { durable: { retries: 5 } }, async (id: string) => waitAndNote(id));
app.get("/", async () => greeting);
app.get("/tasks/async/:id", async ({ params }) => {
  await job.enqueue(params.id);
  return greeting;
});

const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent" });
announce(server.url, () => server.threads);
