import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App } from "offloop";
import { HandshakeRefused, type TestClient, testClient } from "offloop/testing";
import { pino } from "pino";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

const log = memoryLog();
let client: TestClient;
before(async () => {
  client = await testClient(new URL("./errors-app.ts", import.meta.url), {
    socket: true,
    logger: log.logger,
  });
});
after(() => client.close());

/** How a socket is closed for what is thrown, whatever form the answer of an error handler has. */
const closings: Readonly<Record<string, readonly [code: number, reason: string]>> = {
  text: [1008, "I am a teapot"],
  bodyless: [1000, ""],
  stream: [1008, ""],
  json: [1008, '{"message":"taken"}'],
  fine: [1000, ""],
  own: [3009, "moved"],
  planned: [3010, "from a thread"],
  code: [3001, "mine"],
  refused: [1008, "no"],
  mistake: [1011, ""],
};

for (const form of ["whole", "loop", "thread"])
  for (const [kind, [code, reason]] of Object.entries(closings))
    test(`onError: the answer to what a socket throws closes it [${form}, ${kind}]`, async () => {
      await using socket = await client.websocket(`/${form}/fails`);
      socket.sendJson({ kind });
      assert.deepEqual(await socket.closed, { code, reason });
    });

for (const form of ["whole", "loop", "thread"])
  test(`onError: a message that does not fit is answered by the handler of ValidationError [${form}]`, async () => {
    await using socket = await client.websocket(`/${form}/fails`);
    socket.sendJson({ kind: 1 });
    const { code, reason } = await socket.closed;
    assert.equal(code, 1008);
    assert.match(reason, /^\{"errors":\["Invalid input: expected string/);
  });

test("onError: before the handshake the answer is the response, and a closing code a 403", async () => {
  const statuses = { text: 418, json: 409, own: 403, planned: 403, code: 403, refused: 403, mistake: 500 };
  for (const [kind, status] of Object.entries(statuses))
    await assert.rejects(client.websocket(`/opens/${kind}`), (thrown: HandshakeRefused) => {
      assert(thrown instanceof HandshakeRefused);
      assert.equal(thrown.response.status, status, kind);
      return true;
    });
  const { status } = await client.get("/closing-code");
  assert.equal(status, 403);
});

for (const form of ["whole", "loop", "thread"])
  test(`websocket: a client that leaves while much is sent is nobody's error [${form}]`, async () => {
    const errors: string[] = [];
    const logger = pino({ level: "error" }, { write: (line) => void errors.push(line) });
    const module = new URL("./errors-app.ts", import.meta.url);
    const leaving = await testClient(module, { socket: true, logger });
    for (let count = 0; count < 10; count++) {
      const socket = await leaving.websocket(`/${form}/floods`);
      socket.send("begin");
      await socket.receive();
      await socket.close();
    }
    await leaving.close();
    assert.deepEqual(errors, []);
  });

test("onError: what close throws is answered, and changes nothing", async () => {
  for (const kind of Object.keys(closings)) {
    await using socket = await client.websocket(`/closes/${kind}`);
    assert.equal((await socket.close()).code, 1000);
  }
  assert.equal((await client.get("/closing-code")).status, 403);
});

eachLane("session: a message has the one that its handshake has left", async (lane) => {
  await using socket = await client.websocket(`/${lane}/session`);
  assert.match(socket.headers.get("set-cookie") ?? "", /^session=/);
  socket.send("read");
  assert.deepEqual(await socket.receiveJson(), { user: "ada", list: [1] });
});

for (const change of ["change", "change within"])
  eachLane(`session: to change it in a message is an error in the log [${change}]`, async (lane) => {
    await using socket = await client.websocket(`/${lane}/session`);
    socket.send(change);
    assert.equal((await socket.closed).code, 1011);
    await log.find(
      new RegExp(
        `^WEBSOCKET /${lane}/session message failed: Cannot change the session in WEBSOCKET /${lane}/session message: its handshake has been answered.*\\n  at .*errors-app\\.ts:\\d+:\\d+\\n  fix change it in open`,
      ),
    );
  });

for (const form of ["whole", "loop", "thread"])
  test(`headers: what comes after the handshake is an error that says so [${form}]`, async () => {
    for (const asked of form === "whole" ? ["header", "session"] : ["header", "cookie"]) {
      log.clear();
      await using socket = await client.websocket(`/${form}/headers`);
      socket.send("fine");
      assert.equal(await socket.receive(), "ok");
      socket.send(asked);
      assert.equal((await socket.closed).code, 1011);
      const what = asked === "session" ? "change the session" : "set a header or a cookie";
      await log.find(
        new RegExp(
          `^WEBSOCKET /${form}/headers.* failed: Cannot ${what} in WEBSOCKET /${form}/headers.*: its handshake has been answered.*\\n {2}at .*errors-app\\.ts:\\d+:\\d+\\n {2}fix `,
        ),
      );
    }
  });

for (const form of ["whole", "loop", "thread"])
  test(`headers: those of error handlers, and of dependencies that close, are no error of a socket [${form}]`, async () => {
    const errors: string[] = [];
    const logger = pino({ level: "error" }, { write: (line) => void errors.push(line) });
    const own = await testClient(new URL("./errors-app.ts", import.meta.url), { socket: true, logger });
    await using socket = await own.websocket(`/${form}/headers`);
    socket.send("fine");
    assert.equal(await socket.receive(), "ok");
    if (form !== "whole") assert.equal(socket.headers.get("x-open"), "yes");
    socket.send("handler");
    assert.deepEqual(await socket.closed, { code: 1008, reason: '"in headers"' });
    await own.close();
    assert.deepEqual(errors, []);
  });

test("headers: a cookie that close sets is an error that says so", async () => {
  await using socket = await client.websocket("/loop/headers");
  await socket.close(3001);
  await log.find(
    /^WEBSOCKET \/loop\/headers failed: Cannot set a header or a cookie in WEBSOCKET \/loop\/headers:/,
  );
});

eachLane("session: a message that looks at it first reads the cookie, and cannot change it", async (lane) => {
  const set = await client.post("/session");
  const cookie = (set.headers.get("set-cookie") ?? "").split(";")[0] as string;
  await using socket = await client.websocket(`/${lane}/unseen`, { headers: { cookie } });
  socket.send("read");
  assert.deepEqual(await socket.receiveJson(), { user: "bob" });
  socket.send("change");
  assert.equal((await socket.closed).code, 1011);
});

eachLane("session: one that is declared has its defaults in each message", async (lane) => {
  await using socket = await client.websocket(`/${lane}/declared`);
  for (let count = 0; count < 2; count++) {
    socket.send("read");
    assert.equal((await socket.receiveJson<{ user: string }>()).user, "nobody");
  }
});

test("around: none stands around a handshake or a message", async () => {
  const app = new App();
  let asked = 0;
  app.around(async (_, next) => {
    asked++;
    return next();
  });
  app.websocket("/echo", { message: async ({ message }) => message });
  await using own = await testClient(app, { socket: true });
  await using socket = await own.websocket("/echo");
  socket.send("x");
  assert.equal(await socket.receive(), "x");
  assert.equal(asked, 0);
});
