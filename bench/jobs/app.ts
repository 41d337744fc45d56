import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { App } from "offloop";

/**
 * Half of its jobs are plain, half async; each run leaves a line, so that it is counted whether or not it is
 * acknowledged.
 */
const app: App = new App({
  jobs: { concurrency: 6 },
  shutdownGraceMs: Number(process.env.GRACE_MS ?? 30_000),
  watch: false,
});

const effects = process.env.EFFECTS ?? "/dev/null";
const effect = (index: number): void => appendFileSync(effects, `${index}\n`);

const plain = app.task("plain", { durable: { retries: 100 } }, (index: number, ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  effect(index);
});

const loop = app.task("loop", { durable: { retries: 100 } }, async (index: number, ms: number) => {
  await sleep(ms);
  effect(index);
});

app.post("/enqueue/:index/:ms", async ({ params }) => {
  const index = Number(params.index);
  return (index % 2 === 0 ? plain : loop).enqueue(index, Number(params.ms));
});

app.get("/job/:id", async ({ params }) => {
  const id = decodeURIComponent(params.id);
  return { job: (await app.jobs.get(id)) ?? null, attempts: await app.jobs.attempts(id) };
});

app.get("/counts", async () => app.jobs.counts());

export default app;
