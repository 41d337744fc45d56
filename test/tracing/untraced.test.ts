import assert from "node:assert/strict";
import { test } from "node:test";
import { openTracing } from "../../src/tracing/open.ts";
import { eachLane, running } from "../fixtures/running.ts";
import app from "../fixtures/untraced-app.ts";

test("openTracing() is undefined while no tracer provider is registered", async () => {
  assert.equal(await openTracing(), undefined);
});

eachLane(
  "a provider that is registered after the server has opened gets no spans, and threads load nothing",
  async (lane) => {
    const server = await running(app, { accessLog: false });
    const { trace } = await import("@opentelemetry/api");
    const { memory, registerTracing } = await import("../fixtures/tracing-sdk.ts");
    trace.disable();
    registerTracing();
    const loaded = (await (await fetch(`${server.url}/${lane}/loaded`)).json()) as string[];
    assert.equal(loaded.length > 0, lane === "loop");
    await server.close();
    trace.getTracer("test").startSpan("the only one").end();
    trace.disable();
    assert.deepEqual(
      memory.getFinishedSpans().map(({ name }) => name),
      ["the only one"],
    );
    memory.reset();
  },
);
