import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import pg from "pg";
import { newUuid } from "../../src/jobs/uuid.ts";
import { ThreadPulse } from "../../src/jobs/worker/pulse.ts";
import { withoutPostgres } from "../fixtures/databases.ts";
import { backends, jobTask, lockWaits } from "../fixtures/job-engines.ts";

const onPostgres = { skip: withoutPostgres(), timeout: 60_000 };

test(
  "statements that wait for a locked table end with the calls that wait for them",
  onPostgres,
  async () => {
    const [, postgres] = backends;
    assert.ok(postgres);
    await using place = await postgres.start();
    const engine = await place.open([jobTask("task")]);
    assert.ok("url" in place.place);
    const [locking, watching] = [new pg.Client(place.place.url), new pg.Client(place.place.url)];
    for (const client of [locking, watching]) await client.connect();
    const waiting = (): Promise<number> => lockWaits((text) => watching.query(text));

    await locking.query("begin");
    await locking.query("lock table offloop.job_common in access exclusive mode");
    const calls = [
      engine.add({ task: "task", uuid: newUuid(), payload: { args: [] } }),
      engine.add({ task: "task", uuid: newUuid(), payload: { args: [] }, key: "key" }),
      engine.take("task", 1),
      engine.cancel({ task: "task", uuid: newUuid() }),
    ];
    while ((await waiting()) < calls.length) await setImmediate();
    const results = await Promise.allSettled(calls);
    assert.ok(results.every(({ status }) => status === "rejected"));
    while ((await waiting()) > 0) await setImmediate();

    await locking.query("commit");
    assert.deepEqual(await engine.list({ limit: 10 }), [], "what has failed is not stored later");
    for (const client of [locking, watching]) await client.end();
  },
);

test("beats that wait for a locked table do not gather at the server", onPostgres, async () => {
  const [, postgres] = backends;
  assert.ok(postgres);
  await using place = await postgres.start();
  const tasks = [jobTask("task")];
  const engine = await place.open(tasks);
  await engine.add({ task: "task", uuid: newUuid(), payload: { args: [] } });
  const [job] = await engine.take("task", 1);
  assert.ok(job && "url" in place.place);
  const [locking, watching] = [new pg.Client(place.place.url), new pg.Client(place.place.url)];
  for (const client of [locking, watching]) await client.connect();
  const waiting = (): Promise<number> => lockWaits((text) => watching.query(text));

  await locking.query("begin");
  await locking.query("lock table offloop.job_common in access exclusive mode");
  const failures = Array.from({ length: 2 }, () => Promise.withResolvers<void>());
  let failed = 0;
  const onError = (error: unknown): void => {
    if (/Query read timeout/.test(String(error))) failures[failed++]?.resolve();
  };
  const listener = { onLost: () => {}, onDead: () => {}, onAnswer: () => {}, onError };
  const pulse = new ThreadPulse({ place: place.place, schema: "offloop", tasks }, listener);
  pulse.add(job);
  await Promise.all(failures.map(({ promise }) => promise));
  while ((await waiting()) > 1) await setImmediate();

  await locking.query("commit");
  await pulse.close();
  for (const client of [locking, watching]) await client.end();
});
