import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { OperationEvent } from "offloop";
import { Collector } from "../../src/inspector/collector.ts";
import { EventStream } from "../../src/inspector/event-stream.ts";

/** Long, so that what is on its way fills up soon. */
const request = "r".repeat(1_000);
const end = {
  event: "end",
  operation: "GET /",
  lane: "loop",
  thread: 0,
  refused: undefined,
  queueMs: 0,
  runMs: 1,
} as const;

function run(count: number): void {
  for (let n = 0; n < count; n++)
    channel("offloop.operation").publish({ ...end, request, status: 200 } satisfies OperationEvent);
}

test("EventStream writes no more to a page that does not read, and goes on with the others", async () => {
  const collector = new Collector();
  const stream = new EventStream(collector, "Shop");
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    responses.push(response);
    stream.add(response);
  }).listen(0);
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const open = async (): Promise<IncomingMessage> =>
    ((await once(get(url, { agent: false }), "response")) as [IncomingMessage])[0];
  try {
    const slow = await open();
    slow.pause();
    const quick = await open();
    const [slowEnd] = responses as [ServerResponse];
    let batches = 0;
    let held = 0;
    for await (const _chunk of quick) {
      run(2_000);
      if (slowEnd.writableNeedDrain && held === 0) [held, batches] = [slowEnd.writableLength, 0];
      if (held > 0 && ++batches >= 5) break;
    }
    assert.equal(slowEnd.writableLength, held);
    assert.ok(held < 10_000_000, `${held} bytes wait to be read`);
    slow.destroy();
  } finally {
    stream.close();
    collector.close();
    server.closeAllConnections();
    server.close();
  }
});
