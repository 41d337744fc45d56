import assert from "node:assert/strict";
import { endedSpans } from "../fixtures/ended-spans.ts";
import app from "../fixtures/main-traced-app.ts";
import { eachLane, running } from "../fixtures/running.ts";

eachLane("threads without an SDK answer, and the main thread has the spans of their runs", async (lane) => {
  const server = await running(app, { accessLog: false });
  const spans = endedSpans();
  const ask = async (path: string): Promise<string> => (await fetch(`${server.url}/${lane}/${path}`)).text();
  assert.deepEqual([await ask("size"), await ask("stream"), await ask("task")], ["7", '"one"\n', '"done"']);
  await spans.until(`GET /${lane}/task`);
  const names = spans.all().map(({ name }) => name);
  spans.close();
  await server.close();
  assert.equal(names.includes(`thread GET /${lane}/size`), lane === "thread");
  assert.equal(names.includes("dependency size"), lane === "loop");
  assert.equal(names.includes("thread task task"), lane === "loop");
});
