import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends } from "offloop";
import { testClient } from "offloop/testing";

const short = depends({ scope: "function" }, async function* () {
  yield 1;
});
const shortPlain = depends({ scope: "function" }, function* () {
  yield 1;
});
const around = depends({ deps: { short } }, async ({ short }) => short);
const handlers = { loop: async (): Promise<void> => {}, thread: (): void => {} };

for (const [lane, message] of Object.entries(handlers))
  for (const [name, deps] of Object.entries({
    short: { short },
    shortPlain: { shortPlain },
    around: { around },
  }))
    test(`websocket: a generator of the scope "function" is refused by message [${lane}, ${name}]`, async () => {
      const app = new App();
      app.websocket("/live", { deps }, { message });
      await assert.rejects(testClient(app), (error: Error & { code?: string }) => {
        assert.equal(error.code, "OFFLOOP_DEPENDENCY_SCOPE");
        assert.match(error.message, /WEBSOCKET \/live: ".*short.*" has the scope "function"/);
        assert.match(error.message, /scopes\.test\.ts/);
        return true;
      });
    });

test('websocket: a whole socket is one call, for which a generator of the scope "function" is open', async () => {
  const closed: string[] = [];
  const held = depends({ scope: "function" }, async function* () {
    yield "held";
    closed.push("held");
  });
  const app = new App();
  app.websocket("/whole", { deps: { held } }, async ({ socket, held }) => {
    for await (const message of socket) await socket.send(`${held}, ${message}, ${closed.length} closed`);
  });
  await using client = await testClient(app);
  const socket = await client.websocket("/whole");
  socket.send("one");
  assert.equal(await socket.receive(), "held, one, 0 closed");
  await socket.close();
  await client.close();
  assert.deepEqual(closed, ["held"]);
});

test('websocket: a test may put a value in the place of a generator of the scope "function"', async () => {
  const app = new App();
  app.override(short, 2);
  app.websocket("/live", { deps: { short } }, { message: async ({ short }) => `${short}` });
  await using client = await testClient(app);
  await using socket = await client.websocket("/live");
  socket.send("?");
  assert.equal(await socket.receive(), "2");
});

test("websocket: a task that a message awaits has a transaction of its own, beside those of others", async () => {
  await using client = await testClient(new URL("./notes-app.ts", import.meta.url));
  const sockets = await Promise.all(Array.from({ length: 20 }, () => client.websocket("/notes")));
  for (const socket of sockets) socket.send("tea");
  for (const socket of sockets) assert.equal(await socket.receive(), "saved");
  sockets[0]?.send("");
  assert.equal((await sockets[0]?.closed)?.code, 1011);
  assert.deepEqual(await (await client.get("/notes")).json(), { notes: 20 });
});
