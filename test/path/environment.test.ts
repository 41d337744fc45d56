import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { override, testClient } from "offloop/testing";
import { lanes } from "../fixtures/running.ts";

const folder = mkdtempSync(join(tmpdir(), "offloop-env-"));
const file = join(folder, ".env");
let fixture: typeof import("../fixtures/environment-app.ts");
before(async () => {
  writeFileSync(file, "ENV_APP_PORT=8080\nENV_APP_SINCE=2026-01-02T03:04:05Z\n");
  process.env.ENV_APP_FILE = file;
  fixture = await import("../fixtures/environment-app.ts");
});
after(() => rmSync(folder, { recursive: true }));

const read = { first: "first", second: "second", port: 8080, since: "2026-01-02T03:04:05.000Z" };

test("settings(): a thread has what the main thread has read, whatever the file and the environment say since", async () => {
  writeFileSync(file, "ENV_APP_PORT=9090\n");
  process.env.ENV_APP_NAME = "late";
  await using client = await testClient(fixture.default);
  for (const lane of lanes) {
    const given = await (await client.get(`/${lane}/env`)).json();
    assert.deepEqual(given, { onLoop: lane === "loop", ...read });
  }
});

test("override(): values stand in for settings on both lanes until the client closes", async () => {
  const { first, filed, default: app } = fixture;
  const since = new Date("2030-01-01");
  const overrides = [
    override(first, { ENV_APP_NAME: "test" }),
    override(filed, { ENV_APP_SINCE: since, ENV_APP_PORT: 1 }),
  ];
  {
    await using client = await testClient(app, { overrides });
    for (const lane of lanes) {
      assert.deepEqual(await (await client.get(`/${lane}/env`)).json(), {
        onLoop: lane === "loop",
        first: "test",
        second: "second",
        port: 1,
        since: since.toISOString(),
      });
    }
  }
  await using client = await testClient(app);
  for (const lane of lanes)
    assert.deepEqual(await (await client.get(`/${lane}/env`)).json(), { onLoop: lane === "loop", ...read });
});

test("override(): of clients that are open at once, the last one's values count, until it closes", async () => {
  const { first, default: app } = fixture;
  const nameOf = async (client: Awaited<ReturnType<typeof testClient>>): Promise<unknown> =>
    (await (await client.get<{ first: string }>("/loop/env")).json()).first;
  await using outer = await testClient(app, { overrides: [override(first, { ENV_APP_NAME: "outer" })] });
  {
    await using inner = await testClient(app, { overrides: [override(first, { ENV_APP_NAME: "inner" })] });
    assert.deepEqual([await nameOf(outer), await nameOf(inner)], ["inner", "inner"]);
  }
  assert.equal(await nameOf(outer), "outer");
});
