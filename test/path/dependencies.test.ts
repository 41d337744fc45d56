import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { override, type TestClient, testClient } from "offloop/testing";
import app, { user } from "../fixtures/dependencies-app.ts";
import { events } from "../fixtures/event-log.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

const log = memoryLog();
let client: TestClient;
before(async () => {
  client = await testClient(app, { logger: log.logger });
});
after(() => client.close());
beforeEach(() => {
  events.clear();
  log.clear();
});

eachLane(
  "dependencies: function scope closes before the response, request scope after the tasks, newest first",
  async (lane) => {
    const response = await client.get(`/${lane}/order`);
    assert.deepEqual(await response.json(), ["first", "early", "second"]);
    assert.equal(response.headers.get("x-opened"), "first, early, second");
    assert.deepEqual(await events.until("close first"), [
      "open first",
      "open early",
      "open second",
      "handler",
      "close early",
      "task",
      "close second",
      "close first",
    ]);
  },
);

eachLane("dependencies: what one needs is made before it, once", async (lane) => {
  assert.equal(await (await client.get(`/${lane}/nested`)).json(), "first+inner");
  assert.deepEqual(await events.until("close first"), [
    "open first",
    "open inner of first",
    "close inner",
    "close first",
  ]);
});

eachLane(
  "dependencies: generators see the handler's error, newest first, before the response",
  async (lane) => {
    for (const [how, status, message] of [
      ["http", 418, "teapot"],
      ["error", 500, "broken"],
    ] as const) {
      events.clear();
      const response = await client.get(`/${lane}/failing/${how}`);
      assert.equal(response.status, status);
      assert.deepEqual(events.read(), [
        "open first",
        "open early",
        `early sees ${message}`,
        "close early",
        `first sees ${message}`,
        "close first",
      ]);
    }
  },
);

eachLane("dependencies: a failed task is seen at the yield", async (lane) => {
  await client.get(`/${lane}/failing-task`);
  assert.deepEqual(await events.until("close first"), [
    "open first",
    "first sees task failed",
    "close first",
  ]);
});

eachLane("dependencies: a stream runs between function and request scope", async (lane) => {
  assert.equal(await (await client.get(`/${lane}/streamed`)).text(), "onetwo");
  assert.deepEqual(await events.until("close first"), [
    "open first",
    "open early",
    "close early",
    "chunk",
    "task",
    "close first",
  ]);
});

eachLane("dependencies: what a stream throws is seen at the yield", async (lane) => {
  await client
    .get(`/${lane}/stream-fails`)
    .then(
      (answer) => answer.text(),
      () => {},
    )
    .catch(() => {});
  assert.deepEqual(await events.until("close first"), ["open first", "first sees broken off", "close first"]);
});

test("dependencies: an async handler is not called once its deadline has passed", async () => {
  assert.equal((await client.get("/slow-dependency")).status, 504);
  const written = await events.until("close first");
  assert.match(
    written.join(),
    /^open first,first sees Cannot finish GET \/slow-dependency: .*,close first$/s,
  );
});

for (const path of ["late-handler", "late-task"])
  test(`dependencies: nothing is committed for what its deadline has ended [${path}]`, async () => {
    await client.get(`/${path}`);
    assert.deepEqual(await events.until("roll back: OFFLOOP_TIMEOUT"), [
      "late",
      "roll back: OFFLOOP_TIMEOUT",
    ]);
  });

test("dependencies: what a message's generator throws is seen at the yield", async () => {
  await using socket = await client.websocket("/message-fails");
  socket.send("now");
  assert.equal(await socket.receive(), "one");
  assert.deepEqual(await events.until("the message's sees broken off"), ["the message's sees broken off"]);
});

eachLane("dependencies: an error that is caught and dropped is a 500 with a name", async (lane) => {
  assert.equal((await client.get(`/${lane}/swallowed`)).status, 500);
  assert.match(await log.find(/caught its error/), /caught its error/);
});

eachLane("dependencies: an error may be replaced", async (lane) => {
  const response = await client.get(`/${lane}/translated`);
  assert.deepEqual([response.status, await response.json()], [409, { detail: "translated broken" }]);
});

eachLane("dependencies: one that fails to close before the response fails the request", async (lane) => {
  assert.equal((await client.get(`/${lane}/fails-closing`)).status, 500);
});

eachLane(
  "dependencies: a task that is added when the tasks have run is refused, and logged",
  async (lane) => {
    log.clear();
    assert.equal((await client.get(`/${lane}/adds-late`)).status, 200);
    assert.match(await log.find(/its tasks have run/), new RegExp(`GET /${lane}/adds-late`));
  },
);

eachLane("dependencies: a generator yields exactly once", async (lane) => {
  assert.equal((await client.get(`/${lane}/never`)).status, 500);
  assert.match(await log.find(/without a yield/), /never/);
  assert.equal((await client.get(`/${lane}/twice`)).status, 200); // too late to answer otherwise
  assert.match(await log.find(/second time/), /twice/);
});

eachLane("dependencies: made once a request, unless cache is false", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/cached`)).json(), { same: true, other: true });
});

eachLane(
  "dependencies: mistakes in all inputs are collected, one that throws answers first",
  async (lane) => {
    const missing = await client.get(`/${lane}/inputs`);
    const { detail } = (await missing.json()) as { detail: { loc: string[] }[] };
    assert.deepEqual(
      detail.map(({ loc }) => loc.join(".")),
      ["header.x-token", "header.x-key", "query.m", "query.q"],
    );
    const wrong = await client.get(`/${lane}/inputs`, { headers: { "x-token": "wrong" } });
    assert.deepEqual([wrong.status, await wrong.json()], [400, { detail: "X-Token header invalid" }]);
    const right = await client.get(`/${lane}/inputs`, {
      headers: { "x-token": "secret", "x-key": "k" },
      query: { m: 2, q: 3 },
    });
    assert.deepEqual(await right.json(), ["k2", 3]);
  },
);

eachLane("dependencies: as many mistakes as a body has room for are a 422", async (lane) => {
  const { status } = await client.post(`/${lane}/words`, { json: Array(45_000).fill(1) });
  assert.equal(status, 422);
});

eachLane("dependencies: tasks, status, headers and cookies from a dependency", async (lane) => {
  const response = await client.get(`/${lane}/adding`);
  assert.deepEqual(
    [response.status, response.headers.get("x-from"), response.headers.getSetCookie()],
    [202, "dependency", ["a=b; Path=/; SameSite=Lax"]],
  );
  assert.deepEqual(await events.until("from handler"), ["from dependency", "from handler"]);
});

eachLane("dependencies: the rule decides where they run", async (lane) => {
  const [handler, plain, async] = (await (await client.get(`/${lane}/where`)).json()) as number[];
  assert.equal(handler === 0, lane === "loop");
  assert.notEqual(plain, 0);
  assert.equal(async, lane === "loop" ? 0 : plain);
});

eachLane("dependencies: a value that cannot leave its thread is named at its first use", async (lane) => {
  const response = await client.get(`/${lane}/handle`);
  if (lane === "thread") assert.equal(await response.json(), "function");
  else {
    assert.equal(response.status, 500);
    assert.match(await log.find(/cannot cross/), /handle\.close/);
  }
});

eachLane("dependencies: thread scope is made once a thread, app scope once", async (lane) => {
  const read = async (path: string): Promise<unknown> => (await client.get(`/${lane}/${path}`)).json();
  const [own, made] = (await read("per-thread")) as [boolean, number];
  assert.deepEqual([own, await read("per-thread")], [true, [true, made]]);
  assert.deepEqual(await read("per-app"), { made: 1, thread: 0 });
});

eachLane("dependencies: those of routers come first, and are received by name", async (lane) => {
  const response = await client.get(`/routed/${lane}`);
  assert.deepEqual(await response.json(), ["outer", "own"]);
  assert.equal(response.headers.get("x-opened"), "including, outer, own");
});

eachLane("override(): a value stands in on both lanes", async (lane) => {
  await using other = await testClient(app, { overrides: [override(user, { name: "Grace" })] });
  assert.equal(await (await other.get(`/${lane}/greeting`)).json(), "Hello Grace");
});
