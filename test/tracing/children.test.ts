import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { RequestEvent } from "offloop";
import { openSocket } from "../fixtures/raw-socket.ts";
import { lanes } from "../fixtures/running.ts";
import { tracedServer } from "../fixtures/traced-server.ts";
import type { EndedSpan } from "../fixtures/tracing-sdk.ts";

/** The names from a span up to its root. */
function lineOf(span: EndedSpan, all: readonly EndedSpan[]): string[] {
  const parent = all.find(({ id, trace }) => id === span.parent && trace === span.trace);
  assert.ok(parent !== undefined || span.parent === undefined, `${span.name} has a parent that is not there`);
  return parent === undefined ? [span.name] : [span.name, ...lineOf(parent, all)];
}

/** Resolves when the next request for an operation has come. */
function routed(operation: string): Promise<void> {
  return new Promise((resolve) => {
    subscribe("offloop.request", function seen(message) {
      const event = message as RequestEvent;
      if (event.event !== "start" || event.operation !== operation) return;
      unsubscribe("offloop.request", seen);
      resolve();
    });
  });
}

const thread = (what: string): string => `thread ${what}`;

for (const lane of lanes) {
  /** What stands between the request's span and what runs in its lane. */
  const above = (path: string): string[] =>
    lane === "loop" ? [`GET ${path}`] : [thread(`GET ${path}`), `GET ${path}`];

  test(`spans of handlers and dependencies are children of the request's, in their lane [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t);
    await client.ask(`/${lane}/items/7`);
    const path = `/${lane}/items/:item_id`;
    await spans.until(`GET ${path}`);
    for (const [name, ...line] of [
      ["in handler", ...above(path)],
      ["dependency shelf", ...above(path)],
      ["in shelf", "dependency shelf", ...above(path)],
      ["dependency shelf > settings", ...above(path)],
      ["in settings", "dependency shelf > settings", ...above(path)],
    ] as const) {
      const span = await spans.until(name);
      assert.deepEqual(lineOf(span, spans.all()), [name, ...line]);
      assert.equal(span.inThread, lane === "thread", name);
      if (name.startsWith("dependency")) assert.deepEqual(span.attributes, { "offloop.lane": lane });
    }
  });

  test(`what a dependency refuses is no failure of it [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t);
    assert.equal((await client.ask(`/${lane}/guarded`)).status, 401);
    const span = await spans.until("dependency guarded");
    assert.deepEqual([span.status.code, span.exceptions], [SpanStatusCode.UNSET, []]);
  });

  test(`background tasks belong to the request that added them, on both lanes [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t);
    await client.ask(`/${lane}/later`);
    const failing = await spans.until("task failing-task");
    const request = await spans.until(`GET /${lane}/later`);
    const later = `GET /${lane}/later`;
    for (const [name, ...line] of [
      ["in loop-task", "task loop-task", later],
      ["in thread-task", thread("task thread-task"), "task thread-task", later],
      ["task failing-task", later],
    ] as const) {
      const span = await spans.until(name);
      assert.deepEqual(lineOf(span, spans.all()), [name, ...line]);
      assert.equal(span.trace, request.trace);
    }
    assert.deepEqual(failing.status, { code: SpanStatusCode.ERROR, message: "no task" });
    assert.deepEqual(failing.exceptions, ["no task"]);
    const onThread = await spans.until("task thread-task");
    assert.deepEqual(onThread.attributes, { "offloop.lane": "thread", "offloop.background": true });
    assert.equal(request.status.code, SpanStatusCode.UNSET);
  });

  test(`a task that a handler calls is a child of it [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t);
    await client.ask(`/${lane}/call`);
    await spans.until(`GET /${lane}/call`);
    const span = await spans.until("task loop-task");
    assert.deepEqual(lineOf(span, spans.all()), ["task loop-task", ...above(`/${lane}/call`)]);
    assert.deepEqual(span.attributes, { "offloop.lane": lane, "offloop.background": false });
  });

  test(`spans made while a body is streamed belong to the request [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t);
    await client.ask(`/${lane}/stream`);
    await spans.until(`GET /${lane}/stream`);
    const span = await spans.until("in stream");
    assert.deepEqual(lineOf(span, spans.all()), ["in stream", `GET /${lane}/stream`]);
    assert.equal(span.inThread, lane === "thread");
  });
}

test("a run on a thread says how long it waited and where it ran", async (t) => {
  const { client, spans } = await tracedServer(t);
  await client.ask("/thread/items/7");
  const span = await spans.until(thread("GET /thread/items/:item_id"));
  assert.equal(span.kind, SpanKind.INTERNAL);
  assert.equal(span.inThread, false);
  assert.ok((span.attributes["thread.id"] as number) > 0);
  assert.ok((span.attributes["offloop.queue_ms"] as number) >= 0);
  assert.deepEqual(Object.keys(span.attributes).sort(), ["offloop.queue_ms", "thread.id"]);
});

test("the plain dependencies of an async operation are one run on a thread, with a span of each inside", async (t) => {
  const { client, spans } = await tracedServer(t);
  await client.ask("/weighed");
  await spans.until("GET /weighed");
  const span = await spans.until("in scale");
  const line = ["in scale", "dependency scale", thread("dependencies of GET /weighed"), "GET /weighed"];
  assert.deepEqual(lineOf(span, spans.all()), line);
  assert.ok(span.inThread);
  const dependency = await spans.until("dependency scale");
  assert.deepEqual(dependency.attributes, { "offloop.lane": "thread" });
});

for (const [path, status, code] of [
  ["/stuck", 504, "OFFLOOP_TIMEOUT"],
  ["/exits", 500, "OFFLOOP_THREAD_EXITED"],
] as const)
  test(`the run on a thread that ended under it ends as failed, its request too: ${path}`, async (t) => {
    const { client, spans } = await tracedServer(t);
    assert.equal((await client.ask(path)).status, status);
    const request = await spans.until(`GET ${path}`);
    const run = await spans.until(thread(`GET ${path}`));
    assert.equal(run.parent, request.id);
    for (const span of [run, request]) {
      assert.equal(span.status.code, SpanStatusCode.ERROR);
      assert.equal(span.attributes["error.type"], code);
      assert.match(span.status.message ?? "", /^Cannot finish/);
    }
    assert.ok((run.attributes["thread.id"] as number) > 0);
    assert.equal(request.attributes["http.response.status_code"], status);
  });

test("a run whose client hung up before it was started ends where it waited, as no failure", async (t) => {
  const { client, spans, server } = await tracedServer(t, { threads: { max: 1, reserve: 0 } });
  const [first, waiting] = [routed("GET /stuck"), routed("GET /thread/missing")];
  const stuck = client.ask("/stuck");
  await first;
  const { socket, send } = await openSocket(server.url);
  send("GET /thread/missing HTTP/1.1\r\nhost: a\r\n\r\n");
  await waiting;
  socket.destroy();
  await stuck;
  const run = await spans.until(thread("GET /thread/missing"));
  assert.deepEqual([run.status.code, run.attributes["thread.id"]], [SpanStatusCode.UNSET, undefined]);
});

test("what cannot cross to a thread is named as it is without tracing", async (t) => {
  const { client, spans } = await tracedServer(t);
  assert.equal((await client.ask("/uncloneable")).status, 500);
  const span = await spans.until("GET /uncloneable");
  assert.equal(span.attributes["error.type"], "OFFLOOP_NOT_CLONEABLE");
  assert.match(span.status.message ?? "", /: unsent\.maker \(a function\) cannot cross/);
});
