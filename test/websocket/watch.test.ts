import assert from "node:assert/strict";
import { test } from "node:test";
import { App, type BlockReport } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";

function block(): void {
  const until = performance.now() + 400;
  while (performance.now() < until);
}

const app = new App();
app.websocket("/message", {
  message: async () => {
    block();
    return "done";
  },
});
app.websocket("/whole", async ({ socket }) => {
  for await (const message of socket) {
    block();
    await socket.send(message);
  }
});

for (const [path, operation] of [
  ["/message", "WEBSOCKET /message message"],
  ["/whole", "WEBSOCKET /whole"],
] as const)
  test(`watchdog: what a socket does on the loop is named ${operation}`, async () => {
    const { promise, resolve } = Promise.withResolvers<BlockReport>();
    const watch = {
      thresholdMs: 100,
      level: "development" as const,
      onBlock: (report: BlockReport) => report.culprits[0]?.operation && resolve(report),
    };
    await using client = await testClient(app, { watch, socket: true, logger: memoryLog().logger });
    await using socket = await client.websocket(path);
    socket.send("block");
    await socket.receive();
    const { culprits } = await promise;
    assert.equal(culprits[0]?.operation, operation);
  });
