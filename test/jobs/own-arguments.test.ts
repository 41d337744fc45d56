import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { App, type EnqueuedJob, type Server, serve } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
import { backends, type TestPlace } from "../fixtures/job-engines.ts";

/** A schema that takes its time, as one that asks a database. */
const Slow = z.object({ n: z.number() }).refine(async () => true);

const app = new App();
const plain = app.task("plain", { durable: true }, async (_: { n: number }) => {});
const ordered = app.task("ordered", { durable: { ordered: true } }, async (_: { n: number }) => {});
const checked = app.task("checked", { durable: true, args: [Slow] }, async (_) => {});

/** Enqueues one object again and again, which changes in between. */
async function enqueueChanging(
  enqueue: (item: { n: number }) => Promise<EnqueuedJob>,
): Promise<(readonly unknown[] | undefined)[]> {
  const item = { n: 0 };
  const enqueued: Promise<EnqueuedJob>[] = [];
  for (let n = 1; n <= 3; n++) {
    item.n = n;
    enqueued.push(enqueue(item));
  }
  item.n = Number.NaN; // which would have been refused
  const jobs = await Promise.all(enqueued);
  return Promise.all(jobs.map(async ({ id }) => (await app.jobs.get(id))?.args));
}

async function holds(): Promise<void> {
  const each = [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]];
  assert.deepEqual(await enqueueChanging((item) => plain.enqueue(item)), each);
  assert.deepEqual(await enqueueChanging((item) => plain.with({ key: `${item.n}` }).enqueue(item)), each);
  assert.deepEqual(await enqueueChanging((item) => ordered.enqueue(item)), each);
  assert.deepEqual(await enqueueChanging((item) => checked.enqueue(item)), each);
}

for (const { name, skip, start } of backends) {
  describe(`the arguments of a job, on ${name}`, { skip }, () => {
    let place: TestPlace;
    let server: Server;

    before(async () => {
      place = await start();
      const jobs = place.place;
      server = await serve(app, { port: 0, signals: false, logLevel: "silent", work: false, jobs });
    });
    after(async () => {
      await server.close();
      await place[Symbol.asyncDispose]();
    });

    test("are what they were when it was enqueued, whatever the caller does to them", holds);
  });
}

test("the arguments of a job are what they were when it was enqueued, in a test", async () => {
  await using _client = await testClient(app);
  await holds();
});
