import assert from "node:assert/strict";
import { test } from "node:test";
import app, { reached, silenced } from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { running } from "../fixtures/running.ts";

/** Where a thread could say far more than any bound. */
const BLOCKED_MS = 300;

for (const [path, most] of [
  ["/says/lines", 256],
  ["/says/long-lines", 3],
] as const)
  test(`a thread that says more than the loop can take waits for it: ${path}`, async (t) => {
    for (const gate of [reached, silenced]) gate.reset();
    const server = await running(app, { accessLog: false });
    t.after(() => server.close());
    const asked = fetch(server.url + path);
    await reached.arrived(1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS); // the loop takes nothing
    const waiting = reached.count - server.log.filter(({ msg }) => msg.startsWith("again")).length;
    await reached.arrived(reached.count + 2 * most); // it goes on once the loop does
    await assertNextRequests(server.url);
    silenced.arrive();
    assert.equal((await asked).status, 200);
    await server.logged(
      () => server.log.filter(({ msg }) => msg.startsWith("again")).length === reached.count,
    );
    assert.ok(waiting <= most, `${waiting} lines were under way`);
  });
