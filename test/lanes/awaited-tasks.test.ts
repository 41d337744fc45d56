import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { App, type ThreadEvent } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
import { createLogger } from "../../src/http/logs/logger.ts";
import app, {
  awaited,
  awaitsComputing,
  awaitsListening,
  awaitsStopping,
  computing,
  endless,
  jobs,
  leftBehind,
  polls,
  refused,
} from "../fixtures/awaited-app.ts";
import { lanes } from "../fixtures/running.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

type Line = Readonly<Record<string, unknown>>;

/** The lines that are logged while something runs. */
function recorded(): { readonly lines: Line[]; readonly logger: ReturnType<typeof createLogger> } {
  const lines: Line[] = [];
  const logger = createLogger("info", false, {
    write: (line: string) => void lines.push(JSON.parse(line) as Line),
  });
  return { lines, logger };
}

/** Resolves with the next work that a thread is ended in, and why. */
function nextKill(): Promise<readonly [work: string, reason: string]> {
  const { promise, resolve } = Promise.withResolvers<readonly [string, string]>();
  const killed = channel("offloop.thread");
  const listen = (message: unknown): void => {
    const { event, ran } = message as ThreadEvent;
    if (event !== "kill" || ran === undefined) return;
    killed.unsubscribe(listen);
    resolve([ran.work, ran.reason]);
  };
  killed.subscribe(listen);
  return promise;
}

for (const watch of [{}, false] as const) {
  describe(`an awaited task, ${watch === false ? "without" : "with"} the watchdog`, () => {
    for (const lane of lanes)
      for (const path of ["awaits", "through", "plain-through"] as const)
        for (const task of lanes)
          test(`has the id and the fields of the request whose code calls it: ${path} ${task} [${lane}]`, async () => {
            const { lines, logger } = recorded();
            await using client = await testClient(app, { logger, watch });
            const reply = await client.get(`/${lane}/${path}/${task}`, {
              headers: { "x-request-id": "r-1" },
            });
            assert.equal(reply.status, 200);
            const {
              reqId,
              userId,
              own,
              task: name,
              operation,
            } = lines.find(({ msg }) => msg === "awaited") ?? {};
            const expected = `awaited on ${task === "loop" ? "the loop" : "a thread"}`;
            assert.deepEqual([reqId, userId, own, name, operation], ["r-1", 7, true, expected, undefined]);
            const access = lines.find(({ status }) => status === 200);
            assert.equal(access?.own, undefined, "what a task adds is in its own lines");
          });

    for (const lane of lanes)
      for (const task of lanes)
        test(`has the job, its attempt and its fields: ${task} [${lane}]`, async () => {
          const { lines, logger } = recorded();
          await using client = await testClient(app, { logger, watch });
          const { id } = await jobs[lane].enqueue(task);
          await client.jobs.drain();
          assert.equal((await app.jobs.get(id))?.state, "done");
          const { job, attempt, customer, reqId } = lines.find(({ msg }) => msg === "awaited") ?? {};
          assert.deepEqual([job, attempt, customer, reqId], [id, 1, 9, undefined]);
        });

    test("is ended on its thread when the job whose code awaits it is cancelled", async () => {
      computing.reset();
      await using client = await testClient(app, { watch });
      const killed = nextKill();
      const { id } = await awaitsComputing.enqueue();
      const drained = client.jobs.drain();
      await computing.arrived(1);
      assert.equal(await app.jobs.cancel(id), true);
      assert.deepEqual(await killed, ["task computes", "cancelled"]);
      await drained;
      assert.equal((await app.jobs.get(id))?.state, "cancelled");
    });

    test("sees at its signal that the job is cancelled, also through another task", async () => {
      computing.reset();
      const { lines, logger } = recorded();
      await using client = await testClient(app, { watch, logger });
      const { id } = await awaitsStopping.enqueue();
      const drained = client.jobs.drain();
      await computing.arrived(1);
      await app.jobs.cancel(id);
      await drained;
      assert.equal(lines.find(({ msg }) => msg === "stopped")?.job, id);
    });

    test("on the loop, hears at its signal that the job is cancelled, and that a deadline has passed", async () => {
      computing.reset();
      const { lines, logger } = recorded();
      await using client = await testClient(app, { watch, logger });
      const { id } = await awaitsListening.enqueue();
      const drained = client.jobs.drain();
      await computing.arrived(1);
      await app.jobs.cancel(id);
      await drained;
      assert.equal(lines.find(({ msg }) => msg === "listened")?.job, id);
      const reply = await client.get("/late-listening", { headers: { "x-request-id": "r-2" } });
      assert.equal(reply.status, 504);
      assert.ok(lines.some(({ msg, reqId }) => msg === "listened" && reqId === "r-2"));
    });

    for (const path of ["late", "late-task", "late-leaving"] as const)
      test(`is ended on its thread when the deadline of what awaits it passes: ${path}`, async () => {
        computing.reset();
        await using client = await testClient(app, { watch });
        const killed = nextKill();
        // On a busy machine the deadline may pass before the task has begun.
        do assert.equal((await client.get(`/${path}`)).status, 504);
        while (computing.count === 0);
        assert.deepEqual(await killed, ["task computes", "cancelled"]);
      });

    test("does not start on a thread when what calls it has run past its deadline", async () => {
      refused.error = Promise.withResolvers();
      await using client = await testClient(app, { watch });
      assert.equal((await client.get("/late-caller")).status, 504);
      assert.match(
        String(await refused.error.promise),
        /Cannot start task awaited on a thread: .* ran past its deadline/,
      );
    });

    test("runs for what a request has left behind that had ended after its deadline", async () => {
      await using client = await testClient(app, { watch });
      assert.equal((await client.get("/late-timer")).status, 504);
      await leftBehind.call(() => awaited());
    });

    test("runs after a task that has called itself very often", async () => {
      await using _client = await testClient(app, { watch });
      const end = Promise.withResolvers<void>();
      await polls(20_000, end);
      await end.promise;
    });
  });
}

test("the log says that the thread of a cancelled job was ended, and what has not run there", async () => {
  computing.reset();
  const { lines, logger } = recorded();
  await using client = await testClient(app, { logger });
  const { id } = await endless.enqueue();
  const drained = client.jobs.drain();
  await computing.arrived(1);
  await app.jobs.cancel(id);
  await drained;
  const { level, msg } = lines.find(({ job }) => job === id) ?? {};
  assert.equal(level, 40);
  assert.match(
    String(msg),
    /: cancelled; its function did not stop .* its thread was ended: finally blocks have not run/,
  );
});

test("a context that outlives its request does not keep its body", async () => {
  const held: unknown[] = [];
  const bodies: WeakRef<object>[] = [];
  const own = new App();
  own.task("any", async () => {});
  own.post("/", { body: z.array(z.int()) }, async ({ request }) => {
    held.push(AsyncLocalStorage.snapshot()); // as every connection that a handler opens does
    bodies.push(new WeakRef(request.bytes));
    return "ok";
  });
  for (const watch of [{}, false] as const) {
    await using client = await testClient(own, { watch });
    for (let sent = 0; sent < 3; sent++) await client.post("/", { json: Array(10_000).fill(sent) });
    await nextTurn();
    collect();
    assert.ok(
      bodies.filter((body) => body.deref() !== undefined).length <= 1,
      "only the last may be at hand",
    );
    bodies.length = 0;
  }
  assert.equal(held.length, 6);
});
