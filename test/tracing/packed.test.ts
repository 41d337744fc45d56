import assert from "node:assert/strict";
import { test } from "node:test";
import * as api from "@opentelemetry/api";
import { Tracing } from "../../src/tracing/tracing.ts";
import { registerTracing } from "../fixtures/tracing-sdk.ts";

registerTracing();
const { context, createTraceState, propagation, ROOT_CONTEXT, trace } = api;
const tracing = new Tracing(api);

const span = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
  traceState: createTraceState("shop=1"),
};
const packed = { traceparent: `00-${span.traceId}-${span.spanId}-01`, tracestate: "shop=1" };
const active = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, span),
  propagation.createBaggage({ customer: { value: "ada@shop.example" } }),
);

test("Tracing.packActive(): what is stored with a job is the span alone, without the baggage", () => {
  assert.deepEqual(
    context.with(active, () => tracing.packActive()),
    packed,
  );
  assert.equal(tracing.packActive(), undefined);
});

test("Tracing.pack(): what crosses to a thread includes the baggage", () => {
  assert.deepEqual(
    context.with(active, () => tracing.pack()),
    { ...packed, baggage: [["customer", "ada@shop.example"]] },
  );
});
