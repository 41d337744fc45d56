import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app from "../fixtures/crossing-app.ts";
import { events } from "../fixtures/event-log.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

const log = memoryLog();
let client: TestClient;
before(async () => {
  client = await testClient(app, { logger: log.logger, socket: true });
});
after(() => client.close());
beforeEach(() => {
  events.clear();
  log.clear();
});

/** One in memory, and one that is large enough to be on disk. */
const sizes = [3, 2_000_000];

async function post(path: string, size: number): Promise<Response> {
  const body = new FormData();
  body.set("file", new File(["x".repeat(size)], "a.txt", { type: "text/plain" }));
  return fetch(client.url + path, { method: "POST", body });
}

eachLane("crossing: an uploaded file as a task's argument is whole", async (lane) => {
  for (const size of sizes)
    assert.equal(await (await post(`/${lane}/task`, size)).json(), `a.txt text/plain ${size}`);
});

eachLane("crossing: an uploaded file for after the response is whole on either lane", async (lane) => {
  for (const size of sizes) {
    events.clear();
    assert.equal((await post(`/${lane}/background`, size)).status, 200);
    assert.deepEqual(await events.until(`a.txt ${size}`), [`a.txt text/plain ${size}`, `a.txt ${size}`]);
  }
});

eachLane("crossing: an uploaded file from a plain dependency is whole", async (lane) => {
  for (const size of sizes)
    assert.deepEqual(await (await post(`/${lane}/dependency`, size)).json(), { name: "a.txt", size });
});

eachLane(
  "crossing: a SharedArrayBuffer is the same memory as argument, result and value of the scope app",
  async (lane) => {
    const before = Number(await (await client.get(`/${lane}/shared`)).text());
    assert.equal(await (await client.get(`/${lane}/shared`)).json(), before + 2);
  },
);

eachLane("crossing: a ValidationError of the user's own is a 422, whoever throws it", async (lane) => {
  const detail = [{ type: "taken", loc: ["body", "name"], msg: "It is taken", input: "ada" }];
  for (const who of ["handler", "task", "dependency"]) {
    const answer = await client.get(`/${lane}/refuses/${who}`);
    assert.deepEqual([answer.status, await answer.json()], [422, { detail }], who);
  }
});

eachLane("crossing: an instance of a class is refused by field, task and operation", async (lane) => {
  assert.equal((await client.get(`/${lane}/instance`)).status, 500);
  assert.match(
    await log.find(/cannot cross/),
    new RegExp(`task "takes" in GET /${lane}/instance: args\\[0\\]\\.at\\[0\\] \\(an instance of Point\\)`),
  );
});

eachLane("crossing: an error keeps its class, its cause, and what the system says", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/errors`)).json(), {
    errno: -2,
    code: "ENOENT",
    syscall: "open",
    path: "/no/such/file",
    range: true,
    cause: true,
  });
});

eachLane("crossing: an error keeps its own fields, its errors and its issues", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/fields`)).json(), {
    lacking: ["OutOfStock", "no tea", { tea: 0 }],
    errors: [true, "first", "second"],
    issues: [[["name"], "invalid_type"]],
  });
});
