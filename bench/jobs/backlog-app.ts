import { App } from "offloop";

/** Its jobs wait: one runs forever, and no other may run at the same time. */
const app: App = new App({ jobs: { schema: process.env.SCHEMA ?? "offloop" }, watch: false });

app.task("crowded", { durable: { concurrency: 1 } }, async () => new Promise(() => {}));
app.get("/", async () => "there");

export default app;
