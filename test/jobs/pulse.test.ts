import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import type { Engine } from "../../src/jobs/engine.ts";
import { ThreadPulse } from "../../src/jobs/pulse.ts";
import type { LostAttempt, TakenJob } from "../../src/jobs/store.ts";
import { backends, jobTask, type TestPlace } from "../fixtures/job-engines.ts";

const tasks = [jobTask("beaten")];

/** The threads that start from now on. */
function startedThreads(t: TestContext): Worker[] {
  const threads: Worker[] = [];
  const note = (message: unknown): void => void threads.push((message as { worker: Worker }).worker);
  subscribe("worker_threads", note);
  t.after(() => unsubscribe("worker_threads", note));
  return threads;
}

async function takeOne(engine: Engine): Promise<TakenJob> {
  await engine.add({ task: "beaten", uuid: randomUUID(), payload: { args: [] } });
  const [job] = await engine.take("beaten", 1);
  assert.ok(job);
  return job;
}

/** Resolves once the attempt has been reported after it was taken. */
async function reported(place: TestPlace, { uuid }: TakenJob): Promise<void> {
  const beat = async (): Promise<string> => {
    const { rows } = await place.sql(`select heartbeat_on::text as at from offloop.job where id = '${uuid}'`);
    return (rows as { at: string }[])[0]?.at ?? "";
  };
  const first = await beat();
  while ((await beat()) === first);
}

test("close() of a pulse whose thread has ended resolves", { timeout: 30_000 }, async (t) => {
  const [threads, errors] = [startedThreads(t), [] as unknown[]];
  const listener = { onLost: () => {}, onError: (error: unknown) => void errors.push(error) };
  const place = { url: "postgres://postgres@127.0.0.1:9/none" };
  const pulse = new ThreadPulse({ place, schema: "offloop", tasks }, listener);
  await threads[0]?.terminate();
  await pulse.close();
  assert.equal(threads.length, 1);
  assert.match(String(errors.at(-1)), /the thread that reports running jobs ended with code \d/);
});

const [, postgres] = backends;
test("when the thread of a pulse ends its attempts are given up, and those that follow are reported", {
  skip: postgres?.skip,
  timeout: 120_000,
}, async (t) => {
  assert.ok(postgres);
  await using place = await postgres.start();
  const engine = await place.open(tasks);
  const threads = startedThreads(t);
  const lost = Promise.withResolvers<readonly LostAttempt[]>();
  const listener = { onLost: lost.resolve, onError: () => {} };
  const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
  const job = await takeOne(engine);
  pulse.add(job);
  await threads[0]?.terminate();
  const given = (await lost.promise).map(({ claim, why }) => [claim.uuid, why]);
  assert.deepEqual(given, [[job.uuid, "lost"]]);
  const next = await takeOne(engine);
  pulse.add(next);
  await reported(place, next);
  assert.equal(threads.length, 2);
  await pulse.close();
});
