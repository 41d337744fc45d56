import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import app, { begun, CLOSED, FAILED, spoken, TASK_RAN } from "../fixtures/first-chunk-app.ts";
import { journal } from "../fixtures/journal.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;

beforeEach(async () => {
  journal.clear();
  begun.reset();
  spoken.reset();
  server = await running(app, { shutdownGraceMs: 100 });
});
afterEach(() => server.close());

const written = async (count: number): Promise<number[]> =>
  (await journal.written(count)).map(({ what }) => what);

/** What its access log says. */
async function logged(path: string): Promise<string> {
  const { msg } = await server.logged(({ msg }) => msg.startsWith(`GET ${path} `));
  return msg;
}

/** How plain and asynchronous generators are given: as chunks, or as the items of a handler that is one. */
const kinds = ["chunks", "plain", "items"];

eachLane("an error before a stream's first chunk is answered like that of a handler", async (lane) => {
  for (const kind of kinds) {
    const http = await fetch(`${server.url}/${lane}/${kind}/http`);
    assert.equal(http.status, 404);
    assert.deepEqual(await http.json(), { detail: "no such rows" });
    assert.deepEqual([http.headers.get("x-rows"), http.headers.get("x-seen")], ["none", "404"]);
    assert.match(await logged(`/${lane}/${kind}/http`), /^GET \S+ 404$/);

    const own = await fetch(`${server.url}/${lane}/${kind}/own`);
    assert.equal(own.status, 418);
    assert.deepEqual(await own.json(), { odd: "strange" });

    const other = await fetch(`${server.url}/${lane}/${kind}/error`);
    assert.equal(other.status, 500);
    assert.deepEqual(await other.json(), { detail: "Internal Server Error" });
    await server.logged(({ msg, level }) => level === 50 && msg.includes("the secret is 42"));
    assert.equal((await fetch(`${server.url}/${lane}/${kind}/none`)).status, 200);
  }
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.doesNotMatch(metrics, /error_type="broken_stream"\} [1-9]/);
});

eachLane("an item that does not fit the response schema is a 500 if it is the first", async (lane) => {
  assert.equal((await fetch(`${server.url}/${lane}/items/misfit`)).status, 500);
  await server.logged(({ msg }) => msg.includes("does not fit its response schema"));
});

eachLane("a stream of Node's that fails before its first byte is a 500", async (lane) => {
  assert.equal((await fetch(`${server.url}/${lane}/readable`)).status, 500);
  assert.deepEqual(await written(1), [FAILED]);
});

eachLane("dependencies see the error, and tasks that were added before it do not run", async (lane) => {
  const failed = await fetch(`${server.url}/${lane}/chunks/error`);
  await failed.text();
  assert.deepEqual(await written(1), [FAILED]);
  await (await fetch(`${server.url}/${lane}/chunks/none`)).text();
  assert.deepEqual(await written(3), [FAILED, TASK_RAN, CLOSED]);
});

eachLane("an event stream sends its head at once", async (lane) => {
  const { status, headers, body } = await fetch(`${server.url}/${lane}/events`);
  assert.deepEqual([status, headers.get("content-type")], [200, "text/event-stream; charset=utf-8"]);
  await begun.arrived(1);
  await body?.cancel();
});

eachLane("a stream that is silent at first sends its head without a chunk", async (lane) => {
  const { status, headers, body } = await fetch(`${server.url}/${lane}/silent/none`);
  assert.deepEqual([status, headers.get("x-seen"), begun.count], [200, "200", 1]);
  assert.deepEqual(journal.lines(), []);
  spoken.arrive();
  assert.equal(await new Response(body).text(), "first last");
  assert.deepEqual(await written(1), [CLOSED]);
});

test("a generator that is silent at first sends its head without an item", async () => {
  const { status, headers, body } = await fetch(`${server.url}/silent/items`);
  assert.deepEqual([status, headers.get("content-type")], [200, "application/jsonl"]);
  spoken.arrive();
  assert.equal(await new Response(body).text(), '"first"\n');
});

eachLane("an error after the head, but before the first chunk, breaks the response off", async (lane) => {
  const http = await fetch(`${server.url}/${lane}/silent/http`);
  assert.equal(http.status, 200);
  spoken.arrive();
  await assert.rejects(http.text());
  assert.deepEqual(await written(1), [FAILED]);
  const { brokeOff } = await server.logged(({ msg }) => msg.startsWith(`GET /${lane}/silent/http `));
  assert.equal(brokeOff, true);
});

eachLane("a client that leaves after the head, but before the first chunk, ends the stream", async (lane) => {
  const { body } = await fetch(`${server.url}/${lane}/silent/none`);
  await body?.cancel();
  spoken.arrive();
  assert.deepEqual(await written(1), [CLOSED]);
});

eachLane("a stream without chunks is an empty response", async (lane) => {
  const { status, body } = await fetch(`${server.url}/${lane}/empty`);
  assert.equal(status, 200);
  assert.equal((await body?.getReader().read())?.done, true);
});

eachLane("HEAD produces no chunk", async (lane) => {
  assert.equal((await fetch(`${server.url}/${lane}/chunks/error`, { method: "HEAD" })).status, 200);
  assert.deepEqual(await written(1), [CLOSED]);
});

eachLane("the deadline holds for the first chunk, too", async (lane) => {
  assert.equal((await fetch(`${server.url}/${lane}/late`)).status, 504);
  assert.equal(begun.count, 1);
});

eachLane("a client that leaves before the first chunk ends the stream", async (lane) => {
  const leaving = new AbortController();
  const asked = fetch(`${server.url}/${lane}/listening`, { signal: leaving.signal });
  await begun.arrived(1);
  leaving.abort();
  await assert.rejects(asked, { name: "AbortError" });
  assert.deepEqual(await written(1), [CLOSED]);
});

eachLane("a shutdown ends a stream before its first chunk", async (lane) => {
  const asked = fetch(`${server.url}/${lane}/listening`);
  await begun.arrived(1);
  await Promise.all([server.close(), assert.rejects(asked)]);
  assert.deepEqual(await written(1), [CLOSED]);
});
