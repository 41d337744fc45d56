import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { OffloopError } from "offloop";
import { type TestClient, testClient } from "offloop/testing";
import { app } from "../fixtures/apps/blocking.ts";
import { fixture } from "../fixtures/cli.ts";

const LIMIT_MS = 100;
const file = fixture("blocking.ts");
const lineOf = (mark: string): number =>
  readFileSync(file, "utf8")
    .split("\n")
    .findIndex((text) => text.endsWith(`// ${mark}`)) + 1;

/** Checks the failure, and that it says for how long. */
function names(operation: string, mark: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OffloopError, String(error));
    assert.equal(error.code, "OFFLOOP_LOOP_BLOCKED");
    const [, ms] = /^Cannot accept .* blocked the event loop for (\d+) ms, and failOnBlockMs is 100\n/.exec(
      error.message,
    ) ?? [undefined, ""];
    assert.ok(Number(ms) >= LIMIT_MS, error.message);
    assert.ok(error.message.startsWith(`Cannot accept ${operation}: it blocked`), error.message);
    assert.equal(error.at?.file, file);
    const [line = 0, reach] = [lineOf(mark), mark === "block" ? 1 : 0];
    assert.ok(Math.abs((error.at?.line ?? 0) - line) <= reach, error.message);
    return true;
  };
}

for (const socket of [false, true]) {
  describe(`testClient() with failOnBlockMs${socket ? ", through a socket" : ""}`, () => {
    const open = (): Promise<TestClient> => testClient(app, { socket, failOnBlockMs: LIMIT_MS });

    test("rejects each request that blocks the loop, and no other", async (t) => {
      const client = await open();
      t.after(() => client.close());
      for (let round = 0; round < 3; round++) {
        await assert.rejects(client.get("/block"), names("GET /block", "block"));
        assert.equal(await (await client.get("/quick")).json(), "quick");
        await assert.rejects(client.get("/later"), names("GET /later", "block"));
        assert.equal(await (await client.get("/thread")).json(), "blocked");
        assert.equal(await (await client.get("/waits")).json(), "waited");
      }
      await assert.rejects(client.get("/native"), names("GET /native", "native"));
    });

    test("rejects the one that blocked of several at a time", async (t) => {
      const client = await open();
      t.after(() => client.close());
      const waiting = ["/waits", "/waits", "/thread"].map((path) => client.get(path));
      await assert.rejects(client.get("/later"), names("GET /later", "block"));
      for (const response of await Promise.all(waiting)) assert.equal(response.status, 200);
    });

    test("rejects close() for what a background task blocked, once", async () => {
      const client = await open();
      assert.equal((await client.get("/task")).status, 200);
      await assert.rejects(client.close(), names("task nightly", "block"));
      await client.close();
    });

    for (const path of ["/stream", "/values"])
      test(`rejects GET ${path} or close(), whichever comes after the block in its stream`, async () => {
        const client = await open();
        const readAndClose = async (): Promise<void> => {
          try {
            await (await client.get(path)).text();
          } finally {
            await client.close();
          }
        };
        await assert.rejects(readAndClose(), names(`GET ${path}`, "block"));
      });
  });
}

test("testClient() does not blame a request for what the test itself blocks", async () => {
  await using client = await testClient(app, { failOnBlockMs: LIMIT_MS });
  const block = (): void => {
    const end = performance.now() + 300;
    while (performance.now() < end);
  };
  block();
  const response = client.get("/waits");
  await client.get("/quick");
  block();
  assert.equal((await response).status, 200);
  block();
});

test("testClient() does not blame a request for a native call of the test, however many there are", async () => {
  await using client = await testClient(app, { failOnBlockMs: LIMIT_MS });
  const block = (): void => void pbkdf2Sync("secret", "salt", 400_000, 64, "sha512");
  for (let round = 0; round < 3; round++) {
    const response = client.get("/waits");
    block();
    assert.equal((await response).status, 200);
    block();
  }
});

test("testClient() watches nothing without failOnBlockMs, and only what is asked for with watch", async () => {
  const unwatched = await testClient(app);
  assert.equal((await unwatched.get("/block")).status, 200);
  await unwatched.close();
  const reported = Promise.withResolvers<string | undefined>();
  await using client = await testClient(app, {
    watch: { onBlock: ({ culprits }) => reported.resolve(culprits[0]?.operation) },
  });
  assert.equal((await client.get("/block")).status, 200);
  assert.equal(await reported.promise, "GET /block");
});

test("testClient() refuses a failOnBlockMs outside its range", async () => {
  for (const failOnBlockMs of [0, 19, 60_001, 50.5])
    await assert.rejects(
      testClient(app, { failOnBlockMs }),
      ({ code, message }: OffloopError) =>
        code === "OFFLOOP_OPTION_INVALID" && message.startsWith("Cannot use failOnBlockMs: expected"),
    );
});
