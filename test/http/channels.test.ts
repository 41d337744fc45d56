import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { OperationEvent, RequestEvent, TaskEvent, ThreadEvent } from "offloop";
import logApp from "../fixtures/log-app.ts";
import app from "../fixtures/observed-app.ts";
import { eachLane, running } from "../fixtures/running.ts";

type Seen =
  | { readonly channel: "request"; readonly event: RequestEvent }
  | { readonly channel: "operation"; readonly event: OperationEvent }
  | { readonly channel: "task"; readonly event: TaskEvent }
  | { readonly channel: "thread"; readonly event: ThreadEvent };
type Kind = Seen["channel"];
type Of<K extends Kind, Name extends string> = Extract<
  Extract<Seen, { channel: K }>["event"],
  { event: Name }
>;

/** What is published from now on. */
function listen(): {
  readonly seen: Seen[];
  /** The first of its kind, past or to come. */
  until<K extends Kind, Name extends string>(channel: K, name: Name): Promise<Of<K, Name>>;
  stop(): void;
} {
  const seen: Seen[] = [];
  const news = new EventEmitter();
  const listeners = (["request", "operation", "task", "thread"] as const).map((channel) => {
    const note = (message: unknown): void => {
      seen.push({ channel, event: message } as Seen);
      news.emit("event");
    };
    subscribe(`offloop.${channel}`, note);
    return () => unsubscribe(`offloop.${channel}`, note);
  });
  const until = async <K extends Kind, Name extends string>(kind: K, name: Name): Promise<Of<K, Name>> => {
    for (;;) {
      const found = seen.find(({ channel, event }) => channel === kind && event.event === name);
      if (found !== undefined) return found.event as Of<K, Name>;
      await once(news, "event");
    }
  };
  return {
    seen,
    until,
    stop: () => {
      for (const end of listeners) end();
    },
  };
}

eachLane(
  "a request, its operation and its task are published in order, with where they ran",
  async (lane) => {
    const server = await running(app, { accessLog: false });
    const { seen, until, stop } = listen();
    await (await fetch(`${server.url}/${lane}/greet`)).text();
    const taskEnd = await until("task", "end");
    stop();
    await server.close();

    assert.deepEqual(
      seen
        .filter(({ channel }) => channel !== "thread")
        .map(({ channel, event }) => `${channel} ${event.event}`),
      ["request start", "operation start", "operation end", "request end", "task start", "task end"],
    );
    const [request, operation] = [await until("request", "end"), await until("operation", "end")];
    assert.equal((await until("request", "start")).request, request.request);
    assert.equal(operation.request, request.request);
    assert.equal(operation.operation, `GET /${lane}/greet`);
    assert.equal(operation.lane, lane);
    assert.equal(operation.status, 200);
    assert.equal(operation.thread === 0, lane === "loop");
    assert.ok(operation.runMs >= 20 && operation.queueMs >= 0);
    assert.ok(request.durationMs >= operation.runMs);
    assert.equal(taskEnd.run, (await until("task", "start")).run);
    assert.equal(taskEnd.request, request.request);
    assert.equal(taskEnd.thread === 0, lane === "loop");
    assert.ok(taskEnd.ok && taskEnd.runMs >= 20);
  },
);

for (const [what, path, status, event] of [
  ["ended for its deadline", "stuck", 504, "kill"],
  ["that ended by itself", "exits", 500, "exit"],
] as const)
  test(`a thread ${what} is published, and its operation with it`, async (t) => {
    const { until, stop } = listen();
    t.after(stop);
    const server = await running(app, { accessLog: false });
    t.after(() => server.close());
    assert.equal((await fetch(`${server.url}/${path}`)).status, status);
    const operation = await until("operation", "end");
    assert.equal(operation.status, status);
    assert.ok(operation.thread !== undefined && operation.thread > 0);
    const ended: ThreadEvent = await until("thread", event);
    assert.equal(ended.thread, operation.thread);
    assert.equal(ended.ran?.reason, event === "kill" ? "deadline" : undefined);
  });

eachLane("a request that ends without a response has the status of its line in the log", async (lane) => {
  for (const [ends, status, outcome] of [
    ["client", 499, "gone"],
    ["shutdown", 503, "cut"],
  ] as const) {
    const server = await running(logApp, { shutdownGraceMs: 50 });
    const { until, stop } = listen();
    const client = new AbortController();
    const answer = assert.rejects(fetch(`${server.url}/${lane}/waits`, { signal: client.signal }));
    await until("operation", "start");
    if (ends === "client") client.abort();
    const closed = ends === "shutdown" ? server.close() : undefined;
    const end = await until("request", "end");
    stop();
    const line = await server.logged(({ url }) => url === `/${lane}/waits`);
    assert.deepEqual([end.status, end.outcome, line.status], [status, outcome, status]);
    await answer;
    await (closed ?? server.close());
  }
});

test("a run on a thread waited as long as it did, though a blocked loop hears late that it has ended", async () => {
  const server = await running(app, { accessLog: false });
  const first = listen();
  await (await fetch(`${server.url}/thread/greet`)).text();
  await first.until("task", "end"); // the thread is there, and free
  first.stop();
  const { until, stop } = listen();
  const asked = fetch(`${server.url}/thread/greet`);
  await until("operation", "start");
  while (server.threads.busy === 0) await nextTurn();
  const blockedMs = 500;
  for (const since = performance.now(); performance.now() - since < blockedMs; );
  const { queueMs, runMs } = await until("operation", "end");
  stop();
  await asked;
  await server.close();
  assert.ok(queueMs + runMs < blockedMs / 2, `waited ${queueMs} ms, ran ${runMs} ms`);
});
