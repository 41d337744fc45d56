import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, test } from "node:test";
import { Connection } from "../../bench/connection.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that sends these pieces as soon as something comes. */
async function replyWith(...pieces: readonly string[]): Promise<string> {
  const server = createServer((socket) => {
    socket.setNoDelay(true).once("data", async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    socket.on("error", () => {});
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("Connection tells of every answer when several come in one piece", async () => {
  const connection = await Connection.open(await replyWith(answer + answer + answer));
  const answered: number[] = [];
  for (const request of [1, 2, 3]) connection.send("/", () => answered.push(request));
  await connection.drained();
  connection.close();
  assert.deepEqual(answered, [1, 2, 3]);
});

test("Connection waits for the rest of an answer that comes in pieces", async () => {
  const connection = await Connection.open(await replyWith(...answer));
  let answered = 0;
  connection.send("/", () => answered++);
  await connection.drained();
  connection.close();
  assert.equal(answered, 1);
});

test("Connection.drained() throws when an answer is no success", async () => {
  const connection = await Connection.open(
    await replyWith("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"),
  );
  connection.send("/", () => {});
  await assert.rejects(connection.drained(), /expected a 200 with its length, got HTTP\/1\.1 500/);
  connection.close();
});

test("Connection.drained() throws when the server hangs up before it has answered", async () => {
  const server = createServer((socket) => socket.once("data", () => socket.destroy()));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = await Connection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  connection.send("/", () => {});
  await assert.rejects(connection.drained());
});
