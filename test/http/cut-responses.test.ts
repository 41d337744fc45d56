import assert from "node:assert/strict";
import { subscribe } from "node:diagnostics_channel";
import { beforeEach, test } from "node:test";
import { SpanStatusCode } from "@opentelemetry/api";
import type { RequestEvent } from "offloop";
import app, { door, told } from "../fixtures/cut-app.ts";
import { endedSpans } from "../fixtures/ended-spans.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, running } from "../fixtures/running.ts";

/** Longer than any test may take: what waits for its end fails. */
const LONG_MS = 600_000;

/** How requests have ended, as the channel says. */
const outcomes: string[] = [];
subscribe("offloop.request", (message) => {
  const event = message as RequestEvent;
  if (event.event === "end") outcomes.push(event.outcome);
});

beforeEach(() => {
  outcomes.length = 0;
  door.reset();
  told.reset();
});

/** The values of the metrics of a path, by their names. */
async function metricsOf(url: string, route: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.includes(route) && /_(count|total)\{/.test(line) && / [1-9]/.test(line));
}

eachLane(
  "a stream that the shutdown cuts is reported as such by everything that reports it",
  async (lane) => {
    const spans = endedSpans();
    const server = await running(app, { shutdownGraceMs: 50 });
    const path = `/${lane}/stream`;
    const body = fetch(server.url + path).then((response) => response.text());
    const broken = assert.rejects(body);
    await server.logged(({ msg }) => msg === "begun");
    const closed = server.close();
    await told.arrived(1);
    await broken;
    const counted = await metricsOf(String(server.healthUrl), path);
    door.arrive();
    await closed;
    const lines = server.log.map(({ msg }) => msg);
    assert.ok(lines.includes("aborted: AbortError: The server shuts down"), lines.join("\n"));
    assert.ok(lines.includes(`GET ${path} 200, ended by the shutdown`), lines.join("\n"));
    assert.deepEqual(outcomes, ["cut"]);
    const { attributes, status } = await spans.until(`GET ${path}`);
    spans.close();
    assert.deepEqual([attributes["error.type"], status.code], ["shutdown", SpanStatusCode.ERROR]);
    assert.ok(
      counted.includes(`offloop_operation_errors_total{operation="GET ${path}",error_type="shutdown"} 1`),
      counted.join("\n"),
    );
  },
);

eachLane("a stream whose client leaves is that client's, also while the server shuts down", async (lane) => {
  const server = await running(app, { shutdownGraceMs: LONG_MS });
  const { socket, send } = await openSocket(server.url);
  send(`GET /${lane}/stream HTTP/1.1\r\nhost: a\r\n\r\n`);
  await server.logged(({ msg }) => msg === "begun");
  const closed = server.close();
  socket.destroy();
  door.arrive();
  await closed;
  const lines = server.log.map(({ msg }) => msg);
  assert.ok(lines.includes("aborted: AbortError: The client has hung up"), lines.join("\n"));
  assert.deepEqual(outcomes, ["gone"]);
});

eachLane(
  "the signal of an event stream says that the server shuts down, and its response is whole",
  async (lane) => {
    const server = await running(app, { shutdownGraceMs: LONG_MS });
    const body = fetch(`${server.url}/${lane}/events`).then((response) => response.text());
    await server.logged(({ msg }) => msg === "begun");
    door.arrive();
    await server.close();
    assert.match(await body, /chunk/);
    const lines = server.log.map(({ msg }) => msg);
    assert.ok(lines.includes("aborted: AbortError: The server shuts down"), lines.join("\n"));
    assert.deepEqual(outcomes, ["sent"]);
  },
);

test("a plain generator that looks at its signal while it computes learns that the server shuts down", async () => {
  const server = await running(app, { shutdownGraceMs: 50 });
  const body = assert.rejects(fetch(`${server.url}/thread/computes`).then((response) => response.text()));
  await server.logged(({ msg }) => msg === "begun");
  await server.close();
  await body;
  const lines = server.log.map(({ msg }) => msg);
  assert.ok(lines.includes("aborted: AbortError: The server shuts down"), lines.join("\n"));
});

test("a request on the loop that the shutdown cuts before its answer learns why", async () => {
  const server = await running(app, { shutdownGraceMs: 50 });
  const answer = assert.rejects(fetch(`${server.url}/loop/waits`));
  await server.logged(({ msg }) => msg === "waits");
  await server.close();
  await answer;
  const lines = server.log.map(({ msg }) => msg);
  assert.ok(lines.includes("aborted: AbortError: The server shuts down"), lines.join("\n"));
});

test("a handler that reads the body of a request that the shutdown cuts learns why", async () => {
  const server = await running(app, { shutdownGraceMs: 50 });
  const { send, ended } = await openSocket(server.url);
  send("POST /loop/upload HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc");
  await server.logged(({ msg }) => msg === "a piece");
  await server.close();
  await ended();
  const lines = server.log.map(({ msg }) => msg);
  assert.ok(lines.includes("reading: AbortError: The server shuts down"), lines.join("\n"));
});
