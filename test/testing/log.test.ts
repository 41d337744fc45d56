import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { App } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";

test("the log of an answered request does not say that its client has gone", async () => {
  const app = new App();
  app.get("/", async () => "here");
  const log = memoryLog();
  await using client = await testClient(app, { logger: log.logger });
  assert.equal(await (await client.get("/")).json(), "here");
  assert.equal(await log.find(/./), "GET / 200");
});

test("signal does not abort for background tasks of an answered request", async () => {
  const app = new App();
  const seen = Promise.withResolvers<boolean>();
  app.get("/", async ({ signal, request, background }) => {
    background.add(async () => {
      await new Promise(setImmediate); // the response closes in the next turn
      seen.resolve(signal.aborted);
    });
    return request.id.length > 0;
  });
  await using client = await testClient(app);
  assert.equal(await (await client.get("/")).json(), true);
  assert.equal(await seen.promise, false);
});

for (const lane of ["loop", "thread"]) {
  test(`what failed on the ${lane}, and what the guard warns of, is shown on stderr where no logger is given, what was refused is not`, () => {
    const script = `
      import { testClient } from "offloop/testing";
      const client = await testClient(new URL("./fixtures/failing-app.ts", "${new URL("../", import.meta.url)}"));
      await client.get("/${lane}/throws");
      await client.get("/${lane}/refused");
      await client.close();`;
    const { stderr, stdout } = spawnSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--conditions=offloop:source", "--eval", script],
      { encoding: "utf8", env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
    );
    assert.match(
      stderr,
      /^WARN: OFFLOOP_GUARD_BLOCKING: GET \/loop\/causes .*\n {2}at \S*failing-app\.ts:\d+:5\n/,
    );
    assert.match(
      stderr,
      new RegExp(`\\nERROR: GET /${lane}/throws failed: no key for .*\\n[^]*at openVault`),
    );
    assert.doesNotMatch(stderr, /refused/);
    assert.equal(stdout, "");
  });
}
