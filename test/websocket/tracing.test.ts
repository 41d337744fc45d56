import assert from "node:assert/strict";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { testClient } from "offloop/testing";
import { endedSpans } from "../fixtures/ended-spans.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";
import app from "./traced-app.ts";

eachLane(
  "tracing: a socket is a server span that ends with it, its messages are children on their lanes",
  async (lane) => {
    const spans = endedSpans();
    await using client = await testClient(app, { socket: true, logger: memoryLog().logger });
    const socket = await client.websocket(`/${lane}/live`);
    socket.send("hello");
    await socket.receive();
    socket.send("fail");
    await socket.closed;
    const request = await spans.until(`GET /${lane}/live`);
    assert.equal(request.kind, SpanKind.SERVER);
    assert.equal(request.attributes["http.response.status_code"], 101);
    const [first, second] = spans.all().filter(({ name }) => name === `WEBSOCKET /${lane}/live message`);
    for (const message of [first, second]) {
      assert.equal(message?.parent, request.id);
      assert.equal(message?.attributes["offloop.lane"], lane);
    }
    assert.equal(first?.status.code, SpanStatusCode.UNSET);
    assert.deepEqual(second?.status, { code: SpanStatusCode.ERROR, message: "no answer" });
    if (lane === "loop") assert.equal((await spans.until("in message")).parent, first?.id);
    spans.close();
  },
);
