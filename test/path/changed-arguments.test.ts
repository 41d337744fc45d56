import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import { pino } from "pino";
import app from "../fixtures/changed-arguments-app.ts";

/** What one request logs as errors. The app has one thread, which must be there afterwards. */
async function failuresOf(t: TestContext, ask: (client: TestClient) => Promise<unknown>): Promise<string[]> {
  const failures: string[] = [];
  const write = (line: string): number => failures.push((JSON.parse(line) as { msg: string }).msg);
  let workers = 0;
  const count = (): number => workers++;
  process.on("worker", count);
  t.after(() => process.off("worker", count));
  const threads = { max: 1, min: 1, reserve: 0, priority: 0 as const }; // and with that, without a relay
  await using client = await testClient(app, { threads, logger: pino({ level: "error" }, { write }) });
  await ask(client);
  assert.equal((await client.get("/well")).status, 200);
  assert.equal(workers, 1, "the thread has survived");
  return failures;
}

const cannotRun =
  /: Cannot run task "note" after the response: args\[0\]\.onDone \(a function\) cannot cross between threads\n {2}at .*changed-arguments-app\.ts:5:\d+\n {2}fix leave its arguments as they are once you have added it$/;

for (const path of ["/reply", "/dependency", "/closed"]) {
  test(`arguments that are changed after their task was added fail the request, not its thread: ${path}`, async (t) => {
    const failures = await failuresOf(t, async (client) =>
      assert.equal((await client.get(path)).status, 500),
    );
    assert.equal(failures.length, 1);
    assert.match(failures[0] as string, cannotRun);
  });
}

test("arguments that are changed after their task was added break a stream off, not its thread", async (t) => {
  const failures = await failuresOf(t, (client) =>
    assert.rejects(async () => (await client.get("/stream")).text()),
  );
  assert.equal(failures.length, 1);
  assert.match(failures[0] as string, cannotRun);
});

test("bytes that were transferred elsewhere are named where they would cross", async (t) => {
  const [failure, ...more] = await failuresOf(t, async (client) =>
    assert.equal((await client.get("/transferred")).status, 500),
  );
  assert.match(failure ?? "", /transferred\.bytes \(bytes that were transferred elsewhere\) cannot cross/);
  assert.deepEqual(more, []);
});
