import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { App, depends } from "offloop";
import { guard } from "../../src/guard/guard.ts";

let counted: number = 0;

test("guard: what a websocket declares is looked at on the lane it runs on", () => {
  const app = new App();
  const config = depends(async () => readFileSync(import.meta.filename, "utf8"));
  app.websocket("/counts", {
    open: async ({ socket }) => socket.send(readFileSync(import.meta.filename, "utf8")),
    message: () => ++counted,
    close: async () => {
      counted = 0;
    },
  });
  app.websocket("/whole", { deps: { config } }, async ({ socket }) => {
    for await (const _ of socket) await socket.send(readFileSync(import.meta.filename, "utf8"));
  });
  assert.deepEqual(
    guard(app).map(({ code, severity, subject }) => [code, severity, subject]),
    [
      ["OFFLOOP_GUARD_BLOCKING", "warned", "open of WEBSOCKET /counts"],
      ["OFFLOOP_GUARD_STATE", "refused", "WEBSOCKET /counts message"],
      ["OFFLOOP_GUARD_BLOCKING", "warned", "WEBSOCKET /whole"],
      ["OFFLOOP_GUARD_BLOCKING", "warned", 'dependency "config"'],
    ],
  );
});
