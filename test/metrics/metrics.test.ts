import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { EventEmitter, once } from "node:events";
import { type TestContext, test } from "node:test";
import { App, type OperationEvent } from "offloop";
import { testClient } from "offloop/testing";
import { Gauge, Registry } from "prom-client";
import { servedSockets } from "../../src/app/parts.ts";
import { blockedChannel } from "../../src/channels/channels.ts";
import failingSockets from "../fixtures/apps/failing-sockets.ts";
import app from "../fixtures/apps/metrics.ts";
import ownMetrics from "../fixtures/apps/own-metrics.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, running } from "../fixtures/running.ts";

/** The value of a line of the metrics, by its name and labels as they are written; undefined when there is none. */
async function readMetrics(url: string, path = "/metrics"): Promise<(line: string) => number | undefined> {
  const text = await (await fetch(`${url}${path}`)).text();
  return (line) => {
    const found = text.split("\n").find((one) => one.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  };
}

/** Resolves when this many events of tasks have been published. */
function taskEvents(name: "start" | "end", count: number): Promise<void> {
  let left = count;
  const { promise, resolve } = Promise.withResolvers<void>();
  const note = (message: unknown): void => {
    if ((message as { event: string }).event !== name || --left > 0) return;
    unsubscribe("offloop.task", note);
    resolve();
  };
  subscribe("offloop.task", note);
  return promise;
}

/** Emits "message" for what is published. */
function subscribed(channel: string): EventEmitter {
  const news = new EventEmitter();
  const note = (message: unknown): void => {
    unsubscribe(channel, note);
    news.emit("message", message);
  };
  subscribe(channel, note);
  return news;
}

async function serveIt(t: TestContext): Promise<string> {
  const server = await running(app, { accessLog: false });
  t.after(() => server.close());
  return server.url;
}

eachLane("requests and runs are counted under their route, never under what a client sent", async (lane) => {
  const server = await running(app, { accessLog: false });
  try {
    for (const id of ["1", "2", "3"]) await (await fetch(`${server.url}/${lane}/items/${id}?token=x`)).text();
    await (await fetch(`${server.url}/nowhere/at/all`)).text();
    await (await fetch(`${server.url}/${lane}/items/1`, { method: "DELETE" })).text();
    const metric = await readMetrics(server.url);
    const route = `http_request_method="GET",http_route="/${lane}/items/:id",http_response_status_code="200",url_scheme="http",error_type=""`;
    assert.equal(metric(`http_server_request_duration_seconds_count{${route}}`), 3);
    const missing =
      'http_request_method="GET",http_route="",http_response_status_code="404",url_scheme="http",error_type=""';
    assert.equal(metric(`http_server_request_duration_seconds_count{${missing}}`), 1);
    const refused =
      'http_request_method="DELETE",http_route="",http_response_status_code="405",url_scheme="http",error_type=""';
    assert.equal(metric(`http_server_request_duration_seconds_count{${refused}}`), 1);
    const operation = `operation="GET /${lane}/items/:id",lane="${lane}"`;
    assert.equal(metric(`offloop_operation_run_seconds_count{${operation}}`), 3);
    assert.equal(
      metric(`offloop_operation_queue_seconds_count{${operation}}`),
      lane === "thread" ? 3 : undefined,
    );
    assert.equal(metric('http_server_active_requests{http_request_method="GET"}'), 1, "the scrape itself");
    assert.ok((metric("process_cpu_seconds_total") ?? 0) > 0);
    assert.ok((metric("offloop_loop_lag_seconds_count") ?? 0) > 0);
  } finally {
    await server.close();
  }
});

test("with health.port the metrics are answered there, too", async (t) => {
  const server = await running(app, { accessLog: false, health: { port: 0 } });
  t.after(() => server.close());
  await (await fetch(`${server.url}/loop/items/1`)).text();
  const route =
    'http_request_method="GET",http_route="/loop/items/:id",http_response_status_code="200",url_scheme="http",error_type=""';
  const metric = await readMetrics(String(server.healthUrl));
  assert.equal(metric(`http_server_request_duration_seconds_count{${route}}`), 1);
  assert.equal((await fetch(`${server.healthUrl}/loop/items/1`)).status, 404);
});

test("HEAD is answered wherever probes and metrics answer GET: on the app's port and on health.port", async (t) => {
  for (const health of [true, { port: 0 }]) {
    const server = await running(app, { accessLog: false, health });
    t.after(() => server.close());
    for (const path of ["/livez", "/readyz", "/metrics"]) {
      const response = await fetch(`${server.healthUrl}${path}`, { method: "HEAD" });
      assert.deepEqual([path, response.status, await response.text()], [path, 200, ""]);
    }
  }
});

test("a method that HTTP does not know is counted as _OTHER", async (t) => {
  const url = await serveIt(t);
  const raw = await openSocket(url);
  raw.send(Buffer.from("PROPFIND /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  await raw.ended();
  const metric = await readMetrics(url);
  const labels =
    'http_request_method="_OTHER",http_route="",http_response_status_code="404",url_scheme="http",error_type=""';
  assert.equal(metric(`http_server_request_duration_seconds_count{${labels}}`), 1);
});

eachLane(
  "a client that goes is counted once, without a status; a plugin's own answer once, too",
  async (lane) => {
    const server = await running(app, { accessLog: false });
    try {
      const raw = await openSocket(server.url);
      const started = once(subscribed("offloop.operation"), "message");
      raw.send(Buffer.from(`GET /${lane}/slow HTTP/1.1\r\nHost: a\r\n\r\n`));
      await started;
      raw.socket.destroy();
      await (await fetch(`${server.url}/refused`)).text();
      await (await fetch(`${server.url}/${lane}/slow`)).text();
      const metric = await readMetrics(server.url);
      const count = (route: string, status: string): number | undefined =>
        metric(
          `http_server_request_duration_seconds_count{http_request_method="GET",http_route="${route}",http_response_status_code="${status}",url_scheme="http",error_type=""}`,
        );
      assert.equal(count(`/${lane}/slow`, ""), 1);
      assert.equal(count(`/${lane}/slow`, "200"), 1);
      assert.equal(count("", "401"), 1);
      assert.equal(metric('http_server_active_requests{http_request_method="GET"}'), 1, "the scrape itself");
    } finally {
      await server.close();
    }
  },
);

test("background tasks are running, waiting, then done, and the failed ones counted", async (t) => {
  const url = await serveIt(t);
  const [started, ended] = [taskEvents("start", 1), taskEvents("end", 2)];
  await (await fetch(`${url}/plain`)).text();
  await started;
  const meanwhile = await readMetrics(url);
  const running = meanwhile('offloop_background_tasks{state="running"}') ?? 0;
  const waiting = meanwhile('offloop_background_tasks{state="waiting"}') ?? 0;
  assert.equal(running + waiting, 2);
  assert.ok(running <= 1, "one request's tasks run one after the other");
  await ended;
  const failed = taskEvents("end", 1);
  await (await fetch(`${url}/fails`)).text();
  await failed;
  const metric = await readMetrics(url);
  assert.equal(metric('offloop_background_tasks{state="running"}'), 0);
  assert.equal(metric('offloop_task_failures_total{task="fails"}'), 1);
  assert.equal(metric('offloop_task_run_seconds_count{task="plain",lane="thread"}'), 2);
  assert.equal(metric('offloop_threads{state="busy"}'), 0);
  assert.equal(metric('offloop_threads{state="idle"}'), 1);
});

test("blocked seconds are labelled with the operation when it is certain, else with none", async (t) => {
  const url = await serveIt(t);
  const culprit = { operation: "GET /hash", certain: true };
  const report = { durationMs: 250, state: "asleep", culprits: [culprit] };
  blockedChannel.publish(report as never);
  blockedChannel.publish({ ...report, culprits: [{ ...culprit, certain: false }] } as never);
  blockedChannel.publish({ ...report, state: "starved" } as never);
  const metric = await readMetrics(url);
  assert.equal(metric('offloop_blocked_seconds_total{operation="GET /hash",state="asleep"}'), 0.25);
  assert.equal(metric('offloop_blocked_seconds_total{operation="",state="asleep"}'), 0.25);
  assert.equal(metric('offloop_blocked_seconds_total{operation="",state="starved"}'), 0.25);
});

test("metrics are served where the settings say, and only then; a closed server listens no more", async (t) => {
  const other = new App({ title: "other", metrics: { path: "/internal/metrics" } });
  other.get("/", async () => "ok");
  const server = await running(other);
  const response = await fetch(`${server.url}/internal/metrics`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(await response.text(), /^# TYPE http_server_request_duration_seconds histogram$/m);
  await server.close();
  assert.equal(blockedChannel.hasSubscribers, false);

  const without = await running(other, { metrics: false });
  t.after(() => without.close());
  assert.equal((await fetch(`${without.url}/internal/metrics`)).status, 404);
});

test("counters are at 0 from the start, wherever their labels are declared", async (t) => {
  const metric = await readMetrics(await serveIt(t));
  for (const line of [
    'offloop_task_failures_total{task="fails"}',
    'offloop_thread_ends_total{how="kill"}',
    'offloop_thread_ends_total{how="exit"}',
    'offloop_refused_total{reason="queue_full"}',
    'offloop_blocked_seconds_total{operation="",state="starved"}',
    'offloop_blocked_seconds_total{operation="GET /loop/slow",state="computing"}',
    'offloop_blocked_seconds_total{operation="task fails",state="asleep"}',
    'offloop_operation_errors_total{operation="GET /thread/slow",error_type="500"}',
    'offloop_operation_errors_total{operation="GET /thread/slow",error_type="503"}',
    'offloop_operation_errors_total{operation="WEBSOCKET /thread/talk",error_type="500"}',
    'offloop_operation_errors_total{operation="WEBSOCKET /thread/talk message",error_type="500"}',
    'offloop_blocked_seconds_total{operation="WEBSOCKET /loop/talk message",state="computing"}',
    'offloop_thread_ends_total{how="fail"}',
  ])
    assert.equal(metric(line), 0, line);
  assert.equal(
    metric('offloop_blocked_seconds_total{operation="GET /thread/slow",state="asleep"}'),
    undefined,
  );
});

test("the limits of threads and queues are reported next to what is in use", async (t) => {
  const metric = await readMetrics(await serveIt(t));
  assert.equal(metric('offloop_threads_limit{kind="max"}'), 1);
  assert.equal(metric('offloop_threads_limit{kind="reserve"}'), 0);
  assert.equal(metric('offloop_waiting_calls_limit{class="request"}'), 1_000);
  assert.equal(metric('offloop_waiting_calls_limit{class="background"}'), 10_000);
  assert.equal(metric('offloop_oldest_wait_seconds{class="request"}'), 0);
  assert.equal(metric("offloop_threads_busy_ratio"), 0);
});

eachLane("a message of a socket that fails is an error of it", async (lane) => {
  const server = await running(app, { accessLog: false });
  try {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/${lane}/talk`);
    await once(socket, "open");
    const closed = once(socket, "close");
    socket.send("hello");
    const [{ code }] = (await closed) as [CloseEvent];
    assert.equal(code, 1011);
    const metric = await readMetrics(server.url);
    const labels = `operation="WEBSOCKET /${lane}/talk message",error_type="500"`;
    assert.equal(metric(`offloop_operation_errors_total{${labels}}`), 1);
  } finally {
    await server.close();
  }
});

for (const { path } of servedSockets(failingSockets).map(({ connection }) => connection))
  test(`what fails in a socket after its handshake is an error of its messages, once [${path}]`, async () => {
    const server = await running(failingSockets, { accessLog: false });
    const runs: OperationEvent[] = [];
    const news = new EventEmitter();
    const note = (message: unknown): void => {
      const event = message as OperationEvent;
      if (event.operation === `WEBSOCKET ${path} message`) runs.push(event);
      if (event.event === "end" && event.error !== undefined) news.emit("failed");
    };
    subscribe("offloop.operation", note);
    try {
      const failed = once(news, "failed");
      const socket = new WebSocket(server.url.replace("http", "ws") + path);
      await once(socket, "open");
      socket.send("hello");
      if (path.endsWith("/left")) socket.close();
      await failed;
      const metric = await readMetrics(server.url);
      const labels = `operation="WEBSOCKET ${path} message",error_type="500"`;
      assert.equal(metric(`offloop_operation_errors_total{${labels}}`), 1);
      assert.equal(runs.length, 2 * runs.filter(({ event }) => event === "start").length);
    } finally {
      unsubscribe("offloop.operation", note);
      await server.close();
    }
  });

test("a call that is refused or dropped is counted by its reason, and in no histogram", async (t) => {
  const { default: held, gate } = await import("../fixtures/apps/held.ts");
  gate.reset();
  const server = await running(held, { accessLog: false });
  t.after(async () => {
    gate.open();
    await server.close();
  });
  const running1 = fetch(`${server.url}/held`);
  await gate.arrived(1);
  const dropped = await openSocket(server.url);
  dropped.send(Buffer.from("GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
  while (server.threads.waiting === 0) await fetch(`${server.url}/nope`);
  assert.equal((await fetch(`${server.url}/held`)).status, 503);
  const meanwhile = await readMetrics(server.url);
  assert.ok((meanwhile('offloop_oldest_wait_seconds{class="request"}') ?? 0) > 0);
  assert.equal(meanwhile("offloop_threads_busy_ratio"), 1);
  assert.equal(
    meanwhile('offloop_thread_calls{operation="GET /held"}'),
    1,
    "the one that waits is not among them",
  );
  dropped.socket.destroy();
  const gone =
    '{http_request_method="GET",http_route="/held",http_response_status_code="",url_scheme="http",error_type=""}';
  while ((await readMetrics(server.url))(`http_server_request_duration_seconds_count${gone}`) === undefined);
  gate.open();
  await (await running1).text();
  let metric = await readMetrics(server.url);
  while (metric('offloop_refused_total{reason="client_gone"}') === 0) metric = await readMetrics(server.url);
  assert.equal(metric('offloop_refused_total{reason="queue_full"}'), 1);
  assert.equal(metric('offloop_refused_total{reason="client_gone"}'), 1);
  assert.equal(metric('offloop_thread_calls{operation="GET /held"}'), 0);
  const labels = '{operation="GET /held",lane="thread"}';
  assert.equal(metric(`offloop_operation_run_seconds_count${labels}`), 1);
  assert.equal(metric(`offloop_operation_queue_seconds_count${labels}`), 1);
  assert.equal(metric('offloop_operation_errors_total{operation="GET /held",error_type="503"}'), 1);
});

eachLane("a stream that throws in the middle is an error in metric, log and channel", async (lane) => {
  const { default: streams } = await import("../fixtures/apps/breaking-stream.ts");
  const server = await running(streams);
  const ends: { outcome?: string }[] = [];
  const note = (message: unknown): void => void ends.push(message as { outcome?: string });
  subscribe("offloop.request", note);
  try {
    const response = await fetch(`${server.url}/${lane}/breaks`);
    await assert.rejects(response.text());
    assert.equal(await (await fetch(`${server.url}/${lane}/whole`)).text(), "ab");
    const line = await server.logged(({ url, lane: on }) => url === `/${lane}/breaks` && on !== undefined);
    assert.equal(line.msg, `GET /${lane}/breaks 200, its stream broke off`);
    assert.equal(line.brokeOff, true);
    assert.equal(line.clientGone, undefined);
    const metric = await readMetrics(server.url);
    const operation = `operation="GET /${lane}/breaks"`;
    assert.equal(metric(`offloop_operation_errors_total{${operation},error_type="broken_stream"}`), 1);
    assert.equal(metric(`offloop_stream_seconds_count{${operation}}`), 1);
    assert.equal(metric(`offloop_stream_seconds_count{operation="GET /${lane}/whole"}`), 1);
    const route = `http_request_method="GET",http_route="/${lane}/breaks",http_response_status_code="200"`;
    const broken = `{${route},url_scheme="http",error_type="broken_stream"}`;
    assert.equal(metric(`http_server_request_duration_seconds_count${broken}`), 1);
    const outcomes = ends.flatMap(({ outcome }) => outcome ?? []);
    assert.deepEqual(outcomes.slice(0, 2), ["broken", "sent"]);
  } finally {
    unsubscribe("offloop.request", note);
    await server.close();
  }
});

test("a block of the loop is in its lag for every moment of it, whoever reads", async (t) => {
  const url = await serveIt(t);
  const slow = async (): Promise<number> => {
    const metric = await readMetrics(url);
    const all = metric("offloop_loop_lag_seconds_count") ?? 0;
    return all - (metric('offloop_loop_lag_seconds_bucket{le="0.1"}') ?? 0);
  };
  const before = await slow();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  let after = await slow();
  while (after === before) after = await slow();
  assert.ok(
    after - before >= 15,
    `${after - before} samples of 20 ms waited for more than 100 ms in a block of 600 ms`,
  );
  assert.ok((await slow()) >= after, "reading empties nothing");
});

test("promtool check metrics finds nothing", async (t) => {
  const found = spawnSync("promtool", ["--version"]);
  if (found.error !== undefined)
    return t.skip("promtool is not installed: Debian's package prometheus has it");
  const url = await serveIt(t);
  await (await fetch(`${url}/thread/items/1`)).text();
  const input = await (await fetch(`${url}/metrics`)).text();
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
});

test("metrics.registry: the app's own metrics are answered, none twice", async (t) => {
  const server = await running(ownMetrics, { accessLog: false });
  t.after(() => server.close());
  await fetch(`${server.url}/chat`);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /^chat_tokens_total\{model="small"\} 5$/m);
  const heads: string[] = text.match(/^# HELP \S+/gm) ?? [];
  assert.deepEqual(
    heads.filter((head, at) => heads.indexOf(head) !== at),
    [],
  );
  assert.ok(heads.includes("# HELP nodejs_eventloop_lag_seconds"), "which only the app's registry has");
});

test("metrics.registry: what is no registry is refused", async () => {
  const app = new App({ metrics: { registry: {} as never } });
  await assert.rejects(testClient(app), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /metrics\.registry: expected a registry of prom-client, got/,
  });
});

test("metrics.registry: a collector that fails takes no other figure along, and is logged", async (t) => {
  const registry = new Registry();
  new Gauge({
    name: "broken",
    help: "Never read",
    registers: [registry],
    collect: () => {
      throw new Error("the pool is closed");
    },
  });
  const own = new App({ metrics: { registry } });
  own.get("/", async () => "ok");
  const server = await running(own);
  t.after(() => server.close());
  const metric = await readMetrics(server.url);
  assert.ok(metric("process_start_time_seconds") !== undefined);
  await server.logged(({ msg }) => msg === "metrics.registry could not be read: the pool is closed");
});
