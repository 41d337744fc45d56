import { App } from "offloop";

/** Its jobs wait: one runs, for ever, and no other may run beside it. */
const app: App = new App({ jobs: { schema: process.env.SCHEMA ?? "offloop" }, watch: false });

app.task("crowded", { durable: { concurrency: 1 } }, async () => new Promise(() => {}));
app.get("/", async () => "there");

export default app;
