import "../fixtures/tracing-sdk.ts";
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { App, sse } from "offloop";
import { running } from "../fixtures/running.ts";

test("an event stream with all that observes a request, and with tasks, puts few listeners on its response", async (t) => {
  const app = new App({ metrics: true });
  const after = app.task("after", async () => {});
  app.get("/events", async ({ background, signal }) => {
    background.add(after);
    return sse(
      (async function* () {
        yield { isAborted: signal.aborted };
      })(),
    );
  });
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  const onRequest = (): void => {};
  process.on("warning", onWarning);
  subscribe("offloop.request", onRequest);
  t.after(() => {
    process.off("warning", onWarning);
    unsubscribe("offloop.request", onRequest);
  });
  const server = await running(app);
  t.after(() => server.close());
  assert.match(await (await fetch(`${server.url}/events`)).text(), /"isAborted":false/);
  await setImmediate(); // a warning comes on a later turn
  assert.deepEqual(
    warnings.map(({ message }) => message),
    [],
  );
});
