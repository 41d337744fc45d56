import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, listening, offloop } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";

const REQUESTS = 40;

test("metrics of offloop run --workers 2 are those of both, whichever answers", async () => {
  const command = offloop("run", fixture("metrics.ts"), "--port", "0", "--no-access-log", "--workers", "2");
  const url = await listening(command);
  // A connection each, so that both workers get some.
  await Promise.all(
    Array.from({ length: REQUESTS }, async () => {
      const client = createClient(url);
      assert.equal((await client.ask("/loop/items/1")).status, 200);
      client.close();
    }),
  );
  for (let scrape = 0; scrape < 4; scrape++) {
    const client = createClient(url);
    const text = (await client.ask("/metrics")).body.toString();
    client.close();
    const count = /^http_server_request_duration_seconds_count\{.*items.*\} (\d+)$/m.exec(text)?.[1];
    assert.equal(Number(count), REQUESTS);
  }
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
});
