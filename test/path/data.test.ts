import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, beforeEach } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import answersAll from "../fixtures/answers-all-app.ts";
import app from "../fixtures/data-app.ts";
import { events } from "../fixtures/event-log.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

const log = memoryLog();
let client: TestClient;
let socket: TestClient;
before(async () => {
  client = await testClient(app, { logger: log.logger });
  socket = await testClient(app, { logger: log.logger, socket: true });
});
after(async () => {
  await client.close();
  await socket.close();
});
beforeEach(() => {
  events.clear();
  log.clear();
});

eachLane("inputs: an alias, coercion and defaults", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/query?item-n=3&on=yes`)).json(), { n: 3, on: true });
  assert.equal((await client.get(`/${lane}/query?n=3`)).status, 400);
});

eachLane("inputs: one schema for all query parameters, extra ones forbidden", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/model?limit=5&tags=a&tags=b`)).json(), {
    limit: 5,
    tags: ["a", "b"],
  });
  assert.deepEqual(await (await client.get(`/${lane}/model?tags=a`)).json(), { limit: 10, tags: ["a"] });
  assert.equal(await (await client.get(`/${lane}/model?limit=5&tool=x`)).text(), "1");
});

eachLane("inputs: one schema for all headers", async (lane) => {
  const headers: [string, string][] = [
    ["save-data", "true"],
    ["x-tag", "a"],
    ["x-tag", "b"],
  ];
  assert.deepEqual(await (await client.get(`/${lane}/header-model`, { headers })).json(), {
    save_data: true,
    x_tag: ["a", "b"],
  });
});

eachLane("inputs: a JSON body is coerced as pydantic does it, where it does not fit", async (lane) => {
  const json = {
    price: "50.5",
    on: "off",
    at: "2026-01-31T00:00:00Z",
    big: "12345678901234567890",
    in: ["1", 2],
  };
  const response = await client.post(`/${lane}/lax`, { json });
  assert.equal(
    await response.text(),
    '{"price":50.5,"on":false,"at":"2026-01-31T00:00:00.000Z","big":12345678901234567890,"in":[1,2],"isDate":true}',
  );
  const truths = await client.post(`/${lane}/lax`, {
    json: { ...json, price: true, on: 1, big: false, in: [true, "2"] },
  });
  assert.equal(
    await truths.text(),
    '{"price":1,"on":true,"at":"2026-01-31T00:00:00.000Z","big":0,"in":[1,2],"isDate":true}',
  );
  assert.equal(
    await (await client.post(`/${lane}/lax`, { json: { ...json, price: "much", at: "x" } })).text(),
    "2",
  );
  assert.equal(
    await (await client.get(`/${lane}/big?n=12345678901234567890`)).text(),
    '{"n":12345678901234567890}',
  );
});

eachLane("inputs: a mistake that arktype has no words for, at a key that objects inherit", async (lane) => {
  const response = await client.post(`/${lane}/arktype-names`, { json: { a: 3, constructor: 0 } });
  assert.equal(response.status, 400);
  assert.equal(await response.text(), "1"); // mistake
});

eachLane("inputs: arktype and valibot", async (lane) => {
  for (const library of ["arktype", "valibot"]) {
    const right = await client.post(`/${lane}/${library}`, { json: { name: "a", price: "2.5" } });
    assert.deepEqual(await right.json(), { name: "a", price: 2.5 });
    assert.equal((await client.post(`/${lane}/${library}`, { json: { name: 1 } })).status, 400);
  }
});

eachLane("inputs: the raw body", async (lane) => {
  assert.deepEqual(await (await client.post(`/${lane}/raw`, { body: "hello" })).json(), {
    size: 5,
    text: "hello",
  });
});

eachLane("form: urlencoded, empty fields absent", async (lane) => {
  const response = await client.post(`/${lane}/upload`, {
    body: new URLSearchParams({ note: "", count: "3" }),
  });
  assert.deepEqual(await response.json(), { count: 3, files: [] });
});

eachLane("form: small files in memory, large ones on disk until the end", async (lane) => {
  for (const through of [client, socket]) {
    for (const [size, onDisk] of [
      [10, false],
      [2_000_000, true],
    ] as const) {
      const body = new FormData();
      body.set("note", "ä");
      body.set("file", new File(["abc".padEnd(size, "x")], "../../a.txt"));
      body.append("files", new File(["1"], "one.txt"));
      body.append("files", new File(["2"], "two.txt"));
      const response = await through.post(`/${lane}/upload`, { body });
      const { note, file, files } = (await response.json()) as Record<string, never> & {
        file: Record<string, unknown>;
      };
      const { path, ...rest } = file as { path?: string };
      assert.deepEqual([note, files], ["ä", ["one.txt", "two.txt"]]);
      assert.deepEqual(rest, { name: "a.txt", size, onDisk, first: "abc", read: size, bytes: size });
      if (path !== undefined) while (existsSync(path)) await new Promise(setImmediate);
    }
  }
});

eachLane("form: a body that is no multipart, or too large", async (lane) => {
  const broken = { "content-type": "multipart/form-data; boundary=x" };
  assert.equal((await client.post(`/${lane}/upload`, { headers: broken, body: "nonsense" })).status, 400);
  const body = new FormData();
  body.set("file", new File(["x".repeat(9_000_000)], "a"));
  assert.equal((await client.post(`/${lane}/upload`, { body })).status, 413);
});

eachLane("response: filtered, and a mismatch is a 500 with a name in the log", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/filtered`)).json(), {
    name: "a",
    at: "1970-01-01T00:00:00.000Z",
  });
  assert.equal((await client.get(`/${lane}/mismatch`)).status, 500);
  assert.match(await log.find(/response schema/), /response\.name/);
});

eachLane("reply: one JSON encoding", async (lane) => {
  assert.equal(
    await (await client.get(`/${lane}/encoded`)).text(),
    '{"date":"1970-01-01T00:00:00.000Z","big":12345678901234567890,"map":{"a":[1]},"bytes":"AQI=","buffer":"aGk=","nan":null,"own":"own","list":[null]}',
  );
});

eachLane("reply: html, file, range and web Response", async (lane) => {
  assert.equal((await client.get(`/${lane}/html`)).headers.get("content-type"), "text/html; charset=utf-8");
  const whole = await client.get(`/${lane}/file`);
  assert.deepEqual(
    [whole.headers.get("content-type"), await whole.text()],
    ["text/plain; charset=utf-8", "0123456789"],
  );
  assert.equal(whole.headers.get("content-disposition"), "attachment; filename*=utf-8''%C3%A4.txt");
  const part = await client.get(`/${lane}/file`, { headers: { range: "bytes=2-4" } });
  assert.deepEqual(
    [part.status, await part.text(), part.headers.get("content-range")],
    [206, "234", "bytes 2-4/10"],
  );
  const same = await client.get(`/${lane}/file`, {
    headers: { "if-none-match": whole.headers.get("etag") as string },
  });
  assert.equal(same.status, 304);
  assert.equal((await client.get(`/${lane}/file`, { headers: { range: "bytes=20-" } })).status, 416);
  assert.equal((await client.get(`/${lane}/no-file`)).status, 500);
  const web = await client.get(`/${lane}/web`);
  assert.deepEqual(
    [web.status, web.headers.get("x-web"), web.headers.get("content-length"), await web.text()],
    [201, "1", "3", "web"],
  );
});

eachLane("stream: no faster than it is taken, closed when the client hangs up", async (lane) => {
  const controller = new AbortController();
  const response = await socket.get(`/${lane}/endless`, { signal: controller.signal });
  const reader = response.body!.getReader();
  await reader.read();
  // Twenty more requests give it its turns, again and again until it makes nothing in them.
  for (let before = -1, made = 0; made !== before; made = events.read().length) {
    before = made;
    assert.ok(made < 500, `made ${made}`);
    for (let turn = 0; turn < 20; turn++) await client.get(`/${lane}/html`);
  }
  controller.abort();
  await events.until("closed");
  assert.equal((await client.get(`/${lane}/html`)).status, 200);
});

eachLane("stream: one that breaks ends in the middle and is logged", async (lane) => {
  const response = await socket.get(`/${lane}/breaks`);
  await assert.rejects(response.text());
  await log.find(/stream broke/);
});

eachLane("sse() and generators", async (lane) => {
  const sent = await client.get(`/${lane}/sse`);
  assert.deepEqual(
    [sent.headers.get("content-type"), sent.headers.get("x-accel-buffering"), await sent.text()],
    ["text/event-stream; charset=utf-8", "no", 'event: a\ndata: x\ndata: y\nid: 1\n\ndata: {"n":1}\n\n'],
  );
  const lines = await client.get(`/${lane}/lines`);
  assert.deepEqual(
    [lines.headers.get("content-type"), lines.headers.get("x-accel-buffering"), await lines.text()],
    ["application/jsonl", "no", '{"name":"a"}\n{"name":"b"}\n'],
  );
});

eachLane("onError(): one for all errors leaves HTTPError and the 422 their own answers", async (lane) => {
  await using client = await testClient(answersAll);
  const answers: unknown[] = [];
  for (const path of [
    `/${lane}/throws/http`,
    `/${lane}/throws/range`,
    "/nowhere",
    `/${lane}/throws/http?n=x`,
  ]) {
    const answer = await client.get(path);
    answers.push([answer.status, Object.keys((await answer.json()) as object)]);
  }
  assert.deepEqual(answers, [
    [409, ["detail"]],
    [500, ["all"]],
    [404, ["detail"]],
    [422, ["detail"]],
  ]);
});

eachLane("onError(): the nearest class answers, on its lane", async (lane) => {
  const small = await client.get(`/${lane}/throws/small`);
  assert.deepEqual(
    [small.status, small.headers.get("x-answered"), await small.json()],
    [500, "async", { teapot: 3, path: `/${lane}/throws/small`, isTeapot: true }],
  );
  const kettle = await client.get(`/${lane}/throws/kettle`);
  assert.deepEqual(
    [kettle.status, kettle.headers.get("x-answered"), await kettle.json()],
    [418, "plain", { litres: 2, isKettle: true }],
  );
  const http = await client.get(`/${lane}/throws/http`);
  assert.deepEqual([http.status, await http.json()], [404, { status: 404, detail: "gone", mine: true }]);
  assert.equal((await client.get(`/${lane}/throws/range`)).status, 500);
  const wrong = await client.get(`/${lane}/throws/http?n=x`);
  assert.deepEqual([wrong.status, await wrong.text()], [400, "1"]);
  assert.deepEqual(await (await client.get("/nowhere")).json(), {
    status: 404,
    detail: "Not Found",
    mine: true,
  });
});
