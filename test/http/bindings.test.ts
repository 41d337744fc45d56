import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { testClient } from "offloop/testing";
import WebSocket from "ws";
import { createLogger } from "../../src/http/logs/logger.ts";
import app from "../fixtures/bound-app.ts";
import { eachLane, lanes, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

type Line = Readonly<Record<string, unknown>>;

type Sought = RegExp | ((line: Line) => boolean);

/** Asks for a path, and returns a function that finds the request's line with this message, or that fits. */
async function ask(path: string): Promise<(sought: Sought) => Promise<Line>> {
  const id = crypto.randomUUID();
  const response = await fetch(server.url + path, { headers: { "x-request-id": id } });
  await response.arrayBuffer();
  return (sought) => {
    const fits = sought instanceof RegExp ? ({ msg }: Line) => sought.test(String(msg)) : sought;
    return server.logged((line) => line.reqId === id && fits(line));
  };
}

const added = ({ userId, role, tenant }: Line): Line => ({ userId, role, tenant });
const only = (fields: Line): Line => added(fields);

eachLane(
  "log.setBindings(): fields are in every later line of the request, and the last of a name counts",
  async (lane) => {
    const line = await ask(`/${lane}/user`);
    assert.deepEqual(added(await line(/^user found$/)), only({ userId: 7, role: "guest" }));
    const handled = await line(/^handled$/);
    assert.deepEqual([added(handled), handled.user], [only({ userId: 7, role: "admin" }), 7]);
    const failed = await line(/^odd$/);
    assert.deepEqual(
      [added(failed), (failed.err as Line).type],
      [only({ userId: 7, role: "admin" }), "Error"],
    );
    const access = await line(/ 200$/);
    assert.deepEqual([added(access), access.status], [only({ userId: 7, role: "admin" }), 200]);
  },
);

eachLane("log.setBindings(): a plain dependency adds them for either lane", async (lane) => {
  const line = await ask(`/${lane}/plain-user`);
  const expected = only({ userId: 8 });
  assert.deepEqual(added(await line(/^handled$/)), expected);
  assert.deepEqual(added(await line(/ 200$/)), expected);
});

eachLane("log.setBindings(): the line of a failure has them", async (lane) => {
  const line = await ask(`/${lane}/fails`);
  assert.equal((await line(/failed: no stock/)).userId, 7);
  assert.equal((await line(/ 500$/)).userId, 7);
});

eachLane(
  "log.setBindings(): an around adds them for the handler, and the handler for the access line",
  async (lane) => {
    const line = await ask(`/inside/${lane}/around`);
    assert.deepEqual(added(await line(/^handled$/)), only({ tenant: "acme", userId: 10 }));
    assert.deepEqual(added(await line(/ 200$/)), only({ tenant: "acme", userId: 10 }));
  },
);

eachLane("log.setBindings(): what cannot cross is what its JSON says, and keeps the others", async (lane) => {
  const line = await ask(`/${lane}/odd`);
  for (const message of [/^handled$/, / 200$/]) {
    const { userId, price, call } = await line(message);
    assert.deepEqual({ userId, price, call }, { userId: 9, price: "3 EUR", call: undefined });
  }
});

eachLane("log.setBindings(): what is no object is a TypeError", async (lane) => {
  const line = await ask(`/${lane}/wrong`);
  const { err } = await line(/failed: log\.setBindings: expected an object such as \{ userId: 7 \}, got "7"/);
  assert.equal((err as Line).type, "TypeError");
});

eachLane("log.setBindings(): a socket's messages have what its dependencies added", async (lane) => {
  const id = crypto.randomUUID();
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/${lane}/socket`, {
    headers: { "x-request-id": id },
  });
  await once(socket, "open");
  socket.send("hello");
  const message = await server.logged(({ reqId, msg }) => reqId === id && msg === "message");
  assert.equal(message.userId, 7);
  socket.close();
  const closed = await server.logged(({ reqId, closeCode }) => reqId === id && closeCode !== undefined);
  assert.equal(closed.userId, 7);
});

eachLane(
  "log.setBindings(): background tasks have what their request has added, and add their own",
  async (lane) => {
    const line = await ask(`/${lane}/tasks`);
    for (const place of ["the loop", "a thread"]) {
      const noted = await line(
        (said) => said.msg === "noted" && (said.thread === undefined) === (place === "the loop"),
      );
      assert.deepEqual([added(noted), noted.task], [only({ userId: 7, role: "task" }), "mine"]);
    }
    const unseen = await line(/^unseen$/);
    assert.deepEqual([added(unseen), unseen.task], [only({ userId: 7, role: "admin" }), "unseen"]);
    const failed = await line(/"spoilt" of .* failed: no ink/);
    assert.deepEqual([added(failed), failed.task], [only({ userId: 7, role: "admin" }), "spoilt"]);
  },
);

eachLane(
  "log.setBindings(): a name of offloop's is written once, with the value that was added",
  async (lane) => {
    const lines: string[] = [];
    const logger = createLogger("info", false, { write: (line) => void lines.push(line) });
    await using client = await testClient(app, { logger });
    await (await client.get(`/${lane}/named`)).text();
    await client.settled();
    for (const [message, status] of [
      ["handled", "new"],
      ["unseen", "new"],
      [`GET /${lane}/named 200`, 200],
    ]) {
      const line = lines.find((said) => said.includes(`"msg":"${message}"`)) ?? "";
      assert.equal(line.split('"reqId":').length, 2, line);
      const { reqId, status: said } = JSON.parse(line) as Line;
      assert.deepEqual([reqId, said], ["mine", status]);
    }
  },
);

test("log.setBindings(): the lines of a request whose thread was ended have what it added before", async () => {
  const line = await ask("/thread/hangs");
  assert.equal((await line(/failed: Cannot finish/)).userId, 7);
  assert.equal((await line(/ 504$/)).userId, 7);
});

test("log.setBindings(): secrets among them are left out, in all lines", async () => {
  const lines: string[] = [];
  const logger = createLogger("info", false, { write: (line) => void lines.push(line) });
  await using client = await testClient(app, { logger });
  for (const lane of lanes) await (await client.get(`/${lane}/plain-user`)).text();
  await client.settled();
  assert.equal(lines.filter((line) => line.includes('"password":"[redacted]"')).length, 4, lines.join(""));
  assert.equal(lines.filter((line) => line.includes("1234")).length, 0);
});
