import { threadId } from "node:worker_threads";
import { App } from "offloop";
import { openDatabase } from "./backends/database.ts";
import { startSlowServer } from "./backends/slow-server.ts";
import { blocking } from "./blocking.ts";
import { multiplicity } from "./multiplicity.ts";
import { pathOperations } from "./path-operations.ts";

/** Threads, wherever it runs, so that everyone sees the same waves. The default is min(32, cores + 4). */
export const threads = 6;

const app = new App({ title: "The three experiments", threads: { max: threads } });

app.lifespan(startSlowServer);
app.lifespan(openDatabase);

app.get("/", async () => ({ hello: "world", thread: threadId }));
app.get("/ping", async () => "pong");

app.include(pathOperations);
app.include(multiplicity);
app.include(blocking);

export default app;
