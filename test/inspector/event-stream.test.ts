import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { Collector } from "../../src/inspector/collector.ts";
import { EventStream } from "../../src/inspector/event-stream.ts";
import { publishRuns } from "../fixtures/published-runs.ts";

/** Long, so that what is on its way fills up soon. */
const request = "r".repeat(1_000);
test("EventStream writes no more to a page that does not read, and goes on with the others", async () => {
  const collector = new Collector();
  const stream = new EventStream(collector, { title: "Shop", server: 1, readPool: () => undefined });
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
      publishRuns(2_000, () => request);
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

test("EventStream forgets a page that has left before it is told anything", async () => {
  const collector = new Collector();
  const stream = new EventStream(collector, { title: "Shop", server: 1, readPool: () => undefined });
  const server = createServer();
  server.listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    for (let page = 0; page < 100; page++) {
      const request = get({ port, agent: false });
      request.on("error", () => {});
      const [, response] = (await once(server, "request")) as [IncomingMessage, ServerResponse];
      request.destroy();
      await once(response, "close");
      assert.ok(stream.hasRoom, `${page} pages that have left take all the room`);
      stream.add(response);
      await new Promise(setImmediate);
    }
  } finally {
    stream.close();
    collector.close();
    server.close();
  }
});
