import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { App } from "offloop";

const { BROKEN_FILE: broken = "" } = process.env;

/** Jobs in every state that the inspector shows. */
const app = new App({
  title: "Jobs",
  threads: { max: 3, reserve: 0 },
  jobs: { pollMs: 100, cancelGraceMs: 100 },
});

export const welcome = app.task("welcome", { durable: true }, async (name: string) => ({ greeted: name }));

/** Goes on until its thread is ended. */
export const render = app.task(
  "render",
  { durable: { concurrency: 1 }, deps: {} },
  ({ job }, file: string) => {
    job?.progress(0.4);
    while (file !== "");
  },
);

/** Fails while a file is there, and is dead at once. */
export const charge = app.task(
  "charge",
  { durable: { retries: 0 } },
  (order: { id: number; cents: number }) => {
    if (existsSync(broken))
      throw new Error(`No answer for order ${order.id}`, { cause: new Error("connection refused") });
    return { charged: order.cents };
  },
);

/** Is tried again in an hour. */
export const report = app.task(
  "report",
  { durable: { retries: 3, backoffMs: 3_600_000 } },
  async (month: string) => {
    await setTimeout(1);
    throw new RangeError(`${month} is not over`);
  },
);

export default app;
