import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, listening, offloop } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";

const REQUESTS = 40;

test("metrics of offloop run --workers 2 are those of both, whichever answers", async (t) => {
  const command = offloop("run", fixture("metrics.ts"), "--port", "0", "--no-access-log", "--workers", "2");
  t.after(() => command.child.kill("SIGKILL"));
  const url = await listening(command);
  // A connection each, so that both workers get some.
  await Promise.all(
    Array.from({ length: REQUESTS }, async () => {
      const client = createClient(url);
      assert.equal((await client.ask("/loop/items/1")).status, 200);
      client.close();
    }),
  );
  const scrape = async (): Promise<number> => {
    const client = createClient(url);
    const text = (await client.ask("/metrics")).body.toString();
    client.close();
    const count = /^http_server_request_duration_seconds_count\{.*items.*\} (\d+)$/m.exec(text)?.[1];
    return Number(count ?? 0);
  };
  // A client may have its answer before the server counts it.
  for (let scrapes = 0; scrapes < 50 && (await scrape()) < REQUESTS; scrapes++);
  for (let scrapes = 0; scrapes < 4; scrapes++) assert.equal(await scrape(), REQUESTS);
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
});

test("metrics.registry: the app's own metrics are those of both workers", async (t) => {
  const command = offloop(
    "run",
    fixture("own-metrics.ts"),
    "--port",
    "0",
    "--no-access-log",
    "--workers",
    "2",
  );
  t.after(() => command.child.kill("SIGKILL"));
  const url = await listening(command);
  const ask = async (path: string): Promise<string> => {
    const client = createClient(url);
    const { body } = await client.ask(path);
    client.close();
    return body.toString();
  };
  await Promise.all(Array.from({ length: REQUESTS }, () => ask("/chat")));
  assert.match(
    await ask("/metrics"),
    new RegExp(`^chat_tokens_total\\{model="small"\\} ${REQUESTS * 5}$`, "m"),
  );
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
});
