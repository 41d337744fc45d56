import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { App, sse, stream } from "offloop";
import { testClient } from "offloop/testing";
import { running } from "../fixtures/running.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const EVENTS = 1_000;
const EVENT = Buffer.from(`data: ${"x".repeat(1_000)}\n\n`);

test("sse: a stream that goes on keeps none of the events that it has sent", async (t) => {
  const sent: WeakRef<Uint8Array>[] = [];
  const app = new App();
  app.get("/events", async ({ signal }) => {
    async function* events(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < EVENTS; n++) {
        const event = Buffer.from(EVENT);
        sent.push(new WeakRef(event));
        yield event;
      }
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }
    return stream(events(), { mediaType: "text/event-stream" });
  });
  const server = await running(app, { accessLog: false });
  t.after(() => server.close());
  const { body } = await fetch(`${server.url}/events`);
  let left = EVENTS * EVENT.length;
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  while (left > 0) left -= (await reader.read()).value?.length ?? left;
  for (let turn = 0; turn < 3; turn++) {
    await nextTurn(); // whatever this turn has looked at is kept until its end
    collect();
  }
  const kept = sent.filter((event) => event.deref() !== undefined).length;
  assert.equal(sent.length, EVENTS);
  assert.ok(kept < EVENTS / 10, `${kept} of ${EVENTS} are kept`);
  await reader.cancel();
});

const HEARTBEAT_MS = 15_000;

test("sse: a comment comes whenever nothing has for 15 s, and no event is lost to it", async (t) => {
  const { promise: first, resolve: goOn } = Promise.withResolvers<string>();
  const app = new App();
  app.get("/events", async () =>
    sse(
      (async function* () {
        yield await first;
        yield "second";
      })(),
    ),
  );
  await using client = await testClient(app);
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { body } = await client.get("/events");
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString();
  for (let beat = 0; beat < 3; beat++) {
    const comment = next();
    await nextTurn();
    mock.timers.tick(HEARTBEAT_MS);
    assert.equal(await comment, ": ping\n\n");
  }
  goOn("first");
  let rest = "";
  for (let part = await next(); part !== ""; part = await next()) rest += part;
  assert.equal(rest, 'data: "first"\n\ndata: "second"\n\n');
});
