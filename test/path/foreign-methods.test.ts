import assert from "node:assert/strict";
import { test } from "node:test";
import { App, OffloopError, Router } from "offloop";
import { testClient } from "offloop/testing";
import foreignMethods from "../fixtures/foreign-methods-app.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

type Called = Readonly<Record<string, (...args: unknown[]) => unknown>>;

test("a method of another framework is answered with what to write instead", () => {
  for (const [owner, method, fix] of [
    [new App(), "use", /app\.around/],
    [new Router(), "use", /dependency/],
    [new App(), "listen", /offloop run app\.ts/],
    [new App(), "addHook", /app\.register/],
    [new App(), "include_router", /app\.include\(router\)/],
    [new App(), "on_event", /app\.lifespan/],
  ] as const)
    assert.throws(
      () => (owner as unknown as Called)[method]?.(() => {}),
      (error) => {
        assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_METHOD_FOREIGN");
        assert.match(
          error.message,
          new RegExp(`^Cannot call app\\.${method}: .*\\n {2}at test/path/foreign-methods`),
        );
        assert.match(error.fix, fix);
        return true;
      },
    );
  assert.deepEqual(
    Object.keys(new App()).filter((name) => name in { use: 1, listen: 1 }),
    [],
  );
});

eachLane(
  "a method of another framework in a handler is a 500 with what to write instead in the log",
  async (lane) => {
    const log = memoryLog();
    await using client = await testClient(foreignMethods, { logger: log.logger });
    for (const [path, said] of [
      [
        "json",
        /Cannot call response\.json: .*\n {2}at test\/fixtures\/foreign-methods-app\.ts:8:\d+\n {2}fix return the value/,
      ],
      [
        "add_task",
        /Cannot call background\.add_task: .*\n {2}at test\/fixtures\/foreign-methods-app\.ts:\d+:\d+\n {2}fix write background\.add\(/,
      ],
    ] as const) {
      assert.equal((await client.get(`/${lane}/${path}`)).status, 500);
      await log.find(said);
    }
  },
);
