import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get as httpGet } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import app, { handler, held } from "../fixtures/background-app.ts";
import { journal } from "../fixtures/journal.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(async () => {
  held.open();
  await server.close();
});
beforeEach(() => {
  journal.clear();
  for (const gate of [held, handler]) gate.reset();
});

const ask = (path: string, method = "GET"): Promise<Response> => fetch(server.url + path, { method });
const whats = async (count: number): Promise<number[]> =>
  (await journal.written(count)).map(({ what }) => what);
/** A whole request with a plain and an async task of its own: what was queued before has had its turn. */
async function later(): Promise<void> {
  const count = journal.lines().length;
  await ask("/loop/mixed");
  await journal.written(count + 4);
}

eachLane("background: one request's tasks run in order, each on its lane", async (lane) => {
  assert.equal(await (await ask(`/${lane}/mixed`)).json(), "ok");
  const lines = await journal.written(4);
  assert.deepEqual(
    lines.map(({ what }) => what),
    [1, 2, 3, 4],
  );
  assert.deepEqual(
    lines.map(({ threadId }) => threadId === 0),
    [true, false, true, false],
  );
});

for (const kind of ["plain", "loop"]) {
  eachLane(
    `background: the first failure (${kind}) stops the rest, the client has its 200, the log says which`,
    async (lane) => {
      const path = `/${lane}/second-fails/${kind}`;
      assert.equal((await ask(path)).status, 200);
      const entry = await server.logged(
        ({ operation, task }) => operation === `GET ${path}` && task !== undefined,
      );
      assert.equal(entry.task, `${kind} fails`);
      assert.match(String(entry.reqId), /^[\w-]+-[0-9a-z]+$/);
      assert.deepEqual(entry.skipped, ["plain", "on loop"]);
      assert.match((entry.err as { stack: string }).stack, /background-app\.ts/);
      await later();
      assert.deepEqual(await whats(5), [1, 1, 2, 3, 4]);
    },
  );
}

eachLane("background: tasks of a handler that failed do not run", async (lane) => {
  assert.equal((await ask(`/${lane}/refused/http`)).status, 400);
  assert.equal((await ask(`/${lane}/refused/error`)).status, 500);
  assert.equal((await ask(`/${lane}/refused/ok?n=x`)).status, 422);
  await later();
  assert.deepEqual(await whats(4), [1, 2, 3, 4]);
});

eachLane("background: runs after a response without a body", async (lane) => {
  assert.equal((await ask(`/${lane}/no-content`, "POST")).status, 204);
  assert.deepEqual(await whats(1), [1]);
});

eachLane("background: the response goes first, and other requests' tasks do not wait", async (lane) => {
  assert.equal(await (await ask(`/${lane}/waits/1`)).json(), "ok");
  await held.arrived(1);
  assert.deepEqual(journal.lines(), []);
  await later();
  held.open();
  assert.equal((await whats(5)).at(-1), 1);
});

eachLane("background: a client that hangs up cancels nothing", async (lane) => {
  const request = httpGet(`${server.url}/${lane}/slow-handler`);
  request.on("error", () => {});
  await handler.arrived(1);
  request.destroy();
  assert.deepEqual(await whats(1), [7]);
});

eachLane(
  "background: the next request on the same connection is answered while a task waits",
  async (lane) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const answered = async (path: string): Promise<number | undefined> => {
      const [response] = await once(httpGet(server.url + path, { agent }), "response");
      response.resume();
      await once(response, "end");
      return response.statusCode;
    };
    assert.equal(await answered(`/${lane}/waits/1`), 200);
    await held.arrived(1);
    assert.equal(await answered(`/${lane}/refused/ok`), 200);
    held.open();
    agent.destroy();
    await journal.written(2);
  },
);

eachLane("background.add() refuses what no thread could find", async (lane) => {
  const refused = async (what: string): Promise<unknown> => {
    const before = server.log.length;
    assert.equal((await ask(`/${lane}/adds/${what}`)).status, 500);
    await server.logged((entry) => server.log.indexOf(entry) >= before && entry.err !== undefined);
    const failed = server.log.slice(before).find(({ err }) => err !== undefined);
    return (failed?.err as { code: string } | undefined)?.code;
  };
  assert.equal(await refused("plain"), "OFFLOOP_TASK_UNNAMED");
  assert.equal(await refused("uncloneable"), "OFFLOOP_NOT_CLONEABLE");
  assert.equal(await refused("nothing"), "OFFLOOP_HANDLER_INVALID");
  if (lane === "thread") assert.equal(await refused("async"), "OFFLOOP_TASK_UNNAMED");
  else assert.equal((await ask(`/${lane}/adds/async`)).status, 200);
});

test("background: what a running task adds to the same list runs after the others", async () => {
  await ask("/chain");
  assert.deepEqual(await whats(3), [1, 2, 3]);
});

test("background: 1,000 tasks of one request keep their order", async () => {
  await ask("/many/1000");
  assert.deepEqual(
    await whats(1000),
    Array.from({ length: 1000 }, (_, n) => n),
  );
});

test("background: 1,000 requests' async tasks are all under way at once", async () => {
  await Promise.all(
    Array.from({ length: 1000 }, () => ask("/at-once/1000").then((response) => response.text())),
  );
  assert.deepEqual(await whats(1), [1000]);
});
