import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { App } from "offloop";

/** Half of it plain, half async; each run leaves a line, so that a run is counted whether or not it is acknowledged. */
const app: App = new App({ jobs: { pollMs: 200, concurrency: 6 }, watch: false });

const effects = process.env.EFFECTS ?? "/dev/null";

const plain = app.task("plain", { durable: { retries: 100 } }, (index: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20 + Math.random() * 40);
  appendFileSync(effects, `plain ${index}\n`);
});

const loop = app.task("loop", { durable: { retries: 100 } }, async (index: number) => {
  await sleep(20 + Math.random() * 40);
  appendFileSync(effects, `loop ${index}\n`);
});

app.post("/enqueue/:from/:to", async ({ params }) => {
  for (let index = Number(params.from); index < Number(params.to); index++)
    await (index % 2 === 0 ? plain : loop).enqueue(index);
  return { enqueued: Number(params.to) - Number(params.from) };
});

app.get("/counts", async () => app.jobs.counts());

export default app;
