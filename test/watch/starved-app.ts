import { setTimeout as wait } from "node:timers/promises";
import { App, serve } from "offloop";

/** Operations that are innocent, each of a kind of its own, and one that is guilty. Reports go to the parent process. */

const level = process.argv[2] as "production" | "development";
const app = new App({ watch: { level, onBlock: (report) => process.send?.({ report }) } });

/** By time on the CPU: what others do meanwhile is not this code's doing. */
function compute(ms: number): void {
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= ms * 1_000) return;
  }
}

app.get("/", async () => "ok");
app.get("/awaits", async () => {
  await wait(2);
  compute(1);
  return "ok";
});
app.get("/some", async () => {
  compute(8);
  return "ok";
});
const note = app.task("note", async () => compute(2));
app.get("/tasks", async ({ background }) => {
  background.add(note);
  return "ok";
});
app.get("/guilty", async () => {
  compute(400);
  return "ok";
});

const server = await serve(app, { port: 0, logLevel: "silent" });
process.send?.({ url: server.url });
