import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import { mock, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import { journal } from "../fixtures/journal.ts";
import { lanes } from "../fixtures/running.ts";
import app, { JOB_RAN, TASK_RAN } from "../fixtures/tested-app.ts";

/** Everything that a test does with its client. */
async function useAll(client: TestClient): Promise<void> {
  journal.clear();
  for (const lane of lanes) {
    assert.equal(await (await client.post(`/${lane}/body`, { json: 5 })).json(), 5);
    assert.equal((await client.get(`/${lane}/tasks`)).status, 200);
    await client.settled();
    await client.jobs.drain();
    await client.jobs.clock.advance(1_000);
  }
  const ran = journal.lines().map(({ what }) => what);
  assert.deepEqual(ran.toSorted(), [...Array(4).fill(TASK_RAN), ...Array(4).fill(JOB_RAN)]);
  for (const path of ["/echo", "/plain-echo"]) {
    await using socket = await client.websocket(path);
    socket.send("hello");
    assert.equal(await socket.receive(), "hello");
  }
}

for (const socket of [false, true])
  for (const when of ["before the client opens", "while it is open"])
    test(`the client works while a test has the clock, all timers mocked ${when}${socket ? ", through a socket" : ""}`, async (t) => {
      t.after(() => mock.timers.reset());
      if (when === "before the client opens") mock.timers.enable();
      const client = await testClient(app, { socket });
      if (when === "while it is open") mock.timers.enable();
      await useAll(client);
      await client.close();
    });

test("a long body is checked in steps also while a test has the clock, and named imports with it", async (t) => {
  t.after(() => {
    mock.timers.reset();
    syncBuiltinESMExports();
  });
  await using client = await testClient(app);
  mock.timers.enable();
  syncBuiltinESMExports();
  const sent = Array.from({ length: 9_000 }, (_, index) => index);
  for (const lane of lanes)
    assert.equal(await (await client.post(`/${lane}/count`, { json: sent })).json(), 9_000);
});

test("close() ends what hangs after shutdownGraceMs also while a test has the clock", async (t) => {
  t.after(() => mock.timers.reset());
  journal.clear();
  const client = await testClient(app, { shutdownGraceMs: 20 });
  const hanging = client.post("/loop/waits", { json: 1 });
  await journal.written(1);
  mock.timers.enable();
  await Promise.all([assert.rejects(hanging), client.close()]);
});
