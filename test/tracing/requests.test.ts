import assert from "node:assert/strict";
import { Server as HttpServer } from "node:http";
import { test } from "node:test";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { testClient } from "offloop/testing";
import { createClient } from "../fixtures/client.ts";
import { endedSpans } from "../fixtures/ended-spans.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { lanes } from "../fixtures/running.ts";
import app from "../fixtures/traced-app.ts";
import { tracedServer } from "../fixtures/traced-server.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const REMOTE = "b7ad6b7169203331";
const traceparent = `00-${TRACE}-${REMOTE}-01`;

for (const lane of lanes) {
  const route = `/${lane}/items/:item_id`;

  test(`a request is a server span in the words of the conventions [${lane}]`, async (t) => {
    const { server, client, spans } = await tracedServer(t, { connections: 1 });
    const { headers } = await client.ask(`/${lane}/items/7?secret=1`, {
      headers: { authorization: "secret" },
    });
    const span = await spans.until(`GET ${route}`);
    assert.equal(span.kind, SpanKind.SERVER);
    assert.equal(span.parent, undefined);
    assert.deepEqual(span.status, { code: SpanStatusCode.UNSET });
    const { "offloop.request_id": id, ...attributes } = span.attributes;
    assert.ok(typeof id === "string" && id.length > 0);
    assert.deepEqual(attributes, {
      "http.request.method": "GET",
      "http.route": route,
      "url.path": `/${lane}/items/7`,
      "url.scheme": "http",
      "network.protocol.version": "1.1",
      "http.response.status_code": 200,
      "offloop.lane": lane,
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(server.url).port),
      "client.address": "127.0.0.1",
    });
    assert.equal(JSON.stringify(spans.all()).includes("secret"), false);
    assert.equal(headers.traceparent, undefined);
  });

  test(`a secret in the path is not on the span [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    await client.ask(`/${lane}/reset/hunter2`);
    const span = await spans.until(`GET /${lane}/reset/:token`);
    assert.equal(span.attributes["url.path"], `/${lane}/reset/[redacted]`);
  });

  test(`a request id that the client sent is on the span [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    await client.ask(`/${lane}/missing`, { headers: { "x-request-id": "from-afar" } });
    const span = await spans.until(`GET /${lane}/missing`);
    assert.equal(span.attributes["offloop.request_id"], "from-afar");
  });

  test(`a remote parent is honoured, its tracestate and baggage too, as far as the handler [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    await client.ask(`/${lane}/items/7`, { headers: { traceparent, tracestate: "shop=42" } });
    const [request, own] = [await spans.until(`GET ${route}`), await spans.until("in handler")];
    assert.deepEqual([request.trace, request.parent, request.state], [TRACE, REMOTE, "shop=42"]);
    assert.deepEqual([own.trace, own.state, own.inThread], [TRACE, "shop=42", lane === "thread"]);
    const { body } = await client.ask(`/${lane}/baggage`, {
      headers: { traceparent, baggage: "shop=books" },
    });
    assert.deepEqual(JSON.parse(body.toString()), { shop: "books" });
  });

  test(`what a remote parent chose not to sample is not sampled [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    const unsampled = `00-${TRACE}-${REMOTE}-00`;
    await client.ask(`/${lane}/items/7`, { headers: { traceparent: unsampled } });
    await client.ask(`/${lane}/missing`);
    await spans.until(`GET /${lane}/missing`);
    assert.deepEqual(
      spans.all().filter((span) => span.trace === TRACE),
      [],
    );
  });

  test(`a malformed traceparent starts a trace of its own [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    for (const wrong of ["00-zz-zz-01", "", "x".repeat(5_000), `00-${"0".repeat(32)}-${REMOTE}-01`]) {
      const { status } = await client.ask(`/${lane}/missing`, { headers: { traceparent: wrong } });
      assert.equal(status, 404);
    }
    await client.ask(`/${lane}/broken`);
    await spans.until(`GET /${lane}/broken`);
    const found = spans.all().filter(({ name }) => name === `GET /${lane}/missing`);
    assert.equal(found.length, 4);
    assert.equal(new Set(found.map((span) => span.trace)).size, 4);
    for (const { parent } of found) assert.equal(parent, undefined);
  });

  test(`of 100 requests at once, each keeps to its own trace [${lane}]`, async (t) => {
    const { server, spans } = await tracedServer(t, { connections: 1 });
    const many = createClient(server.url, 20);
    const traces = Array.from({ length: 100 }, (_, index) => (index + 1).toString(16).padStart(32, "0"));
    await Promise.all(
      traces.map((id, index) =>
        many.ask(`/${lane}/items/${index}`, { headers: { traceparent: `00-${id}-${REMOTE}-01` } }),
      ),
    );
    many.close();
    await spans.count("in handler", traces.length);
    await spans.count(`GET ${route}`, traces.length);
    for (const [index, id] of traces.entries()) {
      const names = spans.all().filter((span) => span.trace === id);
      assert.equal(names.filter(({ name }) => name === "in handler").length, 1);
      const request = names.find(({ name }) => name === `GET ${route}`);
      assert.equal(request?.attributes["url.path"], `/${lane}/items/${index}`);
      const handler = names.find(({ name }) => name === "in handler");
      assert.equal(handler?.attributes.item, index);
    }
  });

  test(`requests that share a connection share no trace [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    for (const item of [1, 2, 3]) await client.ask(`/${lane}/items/${item}`);
    await client.ask(`/${lane}/missing`);
    await spans.until(`GET /${lane}/missing`);
    const found = spans.all().filter(({ name }) => name === `GET ${route}`);
    assert.equal(new Set(found.map((span) => span.trace)).size, 3);
  });

  test(`what a handler throws is on the request's span, an answer to a wrong request is not [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    for (const path of ["broken", "missing"]) await client.ask(`/${lane}/${path}`);
    const broken = await spans.until(`GET /${lane}/broken`);
    assert.deepEqual(broken.status, { code: SpanStatusCode.ERROR, message: "no handler" });
    assert.equal(broken.attributes["error.type"], "TypeError");
    assert.equal(broken.attributes["http.response.status_code"], 500);
    assert.deepEqual(broken.exceptions, ["no handler"]);
    const missing = await spans.until(`GET /${lane}/missing`);
    assert.deepEqual(missing.status, { code: SpanStatusCode.UNSET });
    assert.equal(missing.attributes["http.response.status_code"], 404);
    assert.equal(missing.attributes["error.type"], undefined);
  });

  test(`a body that comes late, on a connection used before, leads to its own request [${lane}]`, async (t) => {
    const { server, spans } = await tracedServer(t, { connections: 1 });
    const { socket, send, until } = await openSocket(server.url);
    const bodies = ['"a"', '"b"'];
    for (const [index, body] of bodies.entries()) {
      send(`POST /${lane}/small HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n`);
      await until((received) => received.split("100 Continue").length === index + 2);
      send(body);
      await until((received) => received.split("200 OK").length === index + 2);
    }
    socket.destroy();
    await spans.until(`POST /${lane}/small`);
    const roots = spans.all().filter(({ name }) => name === `POST /${lane}/small`);
    const own = spans.all().filter(({ name }) => name === "in small");
    assert.deepEqual(
      own.map((span) => span.trace),
      roots.map((span) => span.trace),
    );
    assert.equal(new Set(roots.map((span) => span.trace)).size, bodies.length);
  });

  test(`what goes wrong after the head of a response was sent is on the request's span [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    await assert.rejects(client.ask(`/${lane}/torn`));
    const span = await spans.until(`GET /${lane}/torn`);
    assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: "no second" });
    assert.deepEqual(span.exceptions, ["no second"]);
    assert.equal(span.attributes["http.response.status_code"], 200);
    assert.equal(span.attributes["error.type"], "RangeError");
  });

  test(`a request without a socket is a server span without a parent, as over one, also within a test's own [${lane}]`, async (t) => {
    await using client = await testClient(app);
    const spans = endedSpans();
    t.after(() => spans.close());
    assert.equal((await client.get(`/${lane}/items/7`)).status, 200);
    const span = await spans.until(`GET ${route}`);
    assert.deepEqual([span.kind, span.parent], [SpanKind.SERVER, undefined]);
    assert.equal(span.attributes["http.response.status_code"], 200);
    const outer = trace.getTracer("test").startSpan("outer");
    await context.with(trace.setSpan(context.active(), outer), () => client.get(`/${lane}/missing`));
    const inner = await spans.until(`GET /${lane}/missing`);
    assert.equal(inner.parent, undefined);
  });

  test(`a request that is refused before its handler has a span [${lane}]`, async (t) => {
    const { client, spans } = await tracedServer(t, { connections: 1 });
    await client.ask(`/${lane}/small`, { method: "POST", body: JSON.stringify("far too long") });
    const span = await spans.until(`POST /${lane}/small`);
    assert.equal(span.attributes["http.response.status_code"], 413);
  });
}

test("a request whose client hangs up has a span that says so, and no status it never sent", async (t) => {
  const { server, spans } = await tracedServer(t, { connections: 1 });
  const { socket, send } = await openSocket(server.url);
  send("GET /waits HTTP/1.1\r\nhost: a\r\n\r\n");
  await server.logged(({ msg }) => msg === "waiting");
  socket.destroy();
  const span = await spans.until("GET /waits");
  assert.equal(span.attributes["error.type"], "client_gone");
  assert.equal(span.attributes["http.response.status_code"], undefined);
  assert.equal(span.status.code, SpanStatusCode.UNSET);
});

test("requests that no operation answers have no span", async (t) => {
  const { client, spans } = await tracedServer(t, { connections: 1 });
  for (const path of ["/nowhere", "/loop/items/", "/openapi.json"]) await client.ask(path);
  await client.ask("/loop/missing");
  await spans.until("GET /loop/missing");
  assert.deepEqual(
    spans.all().map(({ name }) => name),
    ["GET /loop/missing"],
  );
});

test("where an instrumentation of node:http has begun a span, the request's is inside it", async (t) => {
  const { client, spans } = await tracedServer(t, { connections: 1 });
  const { emit } = HttpServer.prototype;
  t.after(() => {
    HttpServer.prototype.emit = emit;
  });
  HttpServer.prototype.emit = function (this: HttpServer, event: string, ...rest: unknown[]): boolean {
    const go = (): boolean => Reflect.apply(emit, this, [event, ...rest]) as boolean;
    return event === "request" ? trace.getTracer("http").startActiveSpan("outer", go) : go();
  } as typeof emit;
  await client.ask("/loop/small", { method: "POST", body: '"a"', headers: { traceparent } });
  const span = await spans.until("POST /loop/small");
  assert.equal(span.kind, SpanKind.INTERNAL);
  assert.notEqual(span.parent, REMOTE);
  assert.notEqual(span.parent, undefined);
});

test("a span that was active while the server opened is not a parent of its requests", async (t) => {
  const opening = trace.getTracer("app").startSpan("opening");
  const { client, spans } = await context.with(trace.setSpan(context.active(), opening), () =>
    tracedServer(t, { connections: 1 }),
  );
  await client.ask("/loop/missing");
  const span = await spans.until("GET /loop/missing");
  assert.equal(span.parent, undefined);
  assert.notEqual(span.trace, opening.spanContext().traceId);
});
