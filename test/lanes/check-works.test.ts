import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends } from "offloop";
import { testClient } from "offloop/testing";

const tx = depends({ scope: "function" }, async function* () {
  yield { inTransaction: true };
});
const orders = depends({ deps: { tx } }, async ({ tx }) => ({ count: () => (tx.inTransaction ? 1 : 0) }));

async function refused(app: App): Promise<void> {
  await assert.rejects(testClient(app), (error: Error & { code?: string }) => {
    assert.equal(error.code, "OFFLOOP_DEPENDENCY_SCOPE");
    assert.match(error.message, /Cannot add GET \/orders: ".*tx" .*before the handler's first line/);
    assert.match(error.message, /check-works\.test\.ts/);
    return true;
  });
}

for (const [name, deps] of Object.entries({ direct: { tx }, nested: { orders } })) {
  test(`a generator handler on the loop is refused a generator of the scope "function" [${name}]`, async () => {
    const app = new App();
    app.get("/orders", { deps }, async function* () {
      yield 1;
    });
    await refused(app);
  });

  test(`a generator handler on a thread is refused a generator of the scope "function" [${name}]`, async () => {
    const app = new App();
    app.get("/orders", { deps }, function* () {
      yield 1;
    });
    await refused(app);
  });
}

test('a generator handler has a generator of the scope "request" open until its stream ends', async () => {
  const open = { is: false };
  const held = depends({ scope: "request" }, async function* () {
    open.is = true;
    yield;
    open.is = false;
  });
  const app = new App();
  app.get("/orders", { deps: { held } }, async function* () {
    yield open.is;
    yield open.is;
  });
  await using client = await testClient(app);
  assert.equal(await (await client.get("/orders")).text(), "true\ntrue\n");
});

test('a generator handler may get a value that a test puts in the place of one of the scope "function"', async () => {
  const app = new App();
  app.override(tx, { inTransaction: true });
  app.get("/orders", { deps: { tx } }, async function* ({ tx }) {
    yield tx;
  });
  await using client = await testClient(app);
  assert.equal(await (await client.get("/orders")).text(), '{"inTransaction":true}\n');
});
