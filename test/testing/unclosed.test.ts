import assert from "node:assert/strict";
import { test } from "node:test";
import type { App } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import { onLoop, onThread, twice, value } from "../fixtures/unclosed-app.ts";

const module = (name: string): string => new URL(`../fixtures/unclosed-app.ts#${name}`, import.meta.url).href;

const unclosed: Readonly<Record<string, readonly [app: App, message: string, line: RegExp]>> = {
  onLoop: [onLoop, "the pool is lost", /^a lifespan failed to close: the pool is lost$/],
  onThread: [
    onThread,
    "the file is lost",
    /^what a thread has opened could not be closed: the file is lost$/,
  ],
  value: [value, "the value is lost", /^what a thread has opened could not be closed: the value is lost$/],
};

for (const [name, [app, message, line]] of Object.entries(unclosed)) {
  test(`close() rejects once with what failed to close, and the log has it, too: ${name}`, async () => {
    const { logger, find } = memoryLog();
    await using client = await testClient(app, { module: module(name), logger });
    assert.equal((await client.get("/")).status, 200);
    await assert.rejects(client.close(), (error) => error instanceof RangeError && error.message === message);
    assert.match(await find(/close/), line);
  });

  test(`await using: a test that passes fails with what failed to close: ${name}`, async () => {
    const { logger } = memoryLog();
    await assert.rejects(
      async () => {
        await using client = await testClient(app, { module: module(name), logger });
        await client.get("/");
      },
      { name: "RangeError", message },
    );
  });
}

test("await using: a test that fails keeps its own error, beside what failed to close", async () => {
  const { logger } = memoryLog();
  const own = new Error("the test's own");
  const both = async (): Promise<void> => {
    await using client = await testClient(onLoop, { module: module("onLoop"), logger });
    await client.get("/");
    throw own;
  };
  await assert.rejects(both, (error) => {
    assert.ok(error instanceof SuppressedError);
    assert.equal(error.suppressed, own);
    assert.equal((error.error as Error).message, "the pool is lost");
    return true;
  });
});

test("close(): of several failures, the message has all", async () => {
  const { logger } = memoryLog();
  const client = await testClient(twice, { module: module("twice"), logger });
  await assert.rejects(client.close(), (error) => {
    assert.ok(error instanceof AggregateError);
    assert.equal(error.message, "RangeError: the second\nRangeError: the first");
    assert.deepEqual(error.errors.map(String), ["RangeError: the second", "RangeError: the first"]);
    return true;
  });
});
