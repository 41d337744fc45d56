import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import { runProgram } from "./run-program.ts";
import app from "./sockets-app.ts";

/** Clients that are no `ws`: Node's own, and Python's. */
let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

function opened(path: string, subprotocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(server.url.replace("http", "ws") + path, subprotocols);
  socket.binaryType = "arraybuffer";
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`${path} was not opened`));
  });
}

function next(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.onmessage = ({ data }: { data: unknown }) => resolve(data);
  });
}

function closed(socket: WebSocket): Promise<{ code: number; reason: string; wasClean: boolean }> {
  return new Promise((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean });
  });
}

eachLane("Node's WebSocket: texts, bytes, large messages, and a clean close", async (lane) => {
  const socket = await opened(`/${lane}/echo`);
  for (const text of ["héllo", "", "x".repeat(500_000)]) {
    const answer = next(socket);
    socket.send(text);
    assert.equal(await answer, text);
  }
  const answer = next(socket);
  socket.send(new Uint8Array([1, 2, 3]));
  assert.deepEqual(new Uint8Array((await answer) as ArrayBuffer), new Uint8Array([1, 2, 3]));
  const closing = closed(socket);
  socket.close(3000, "bye");
  assert.deepEqual(await closing, { code: 3000, reason: "bye", wasClean: true });
});

eachLane("Node's WebSocket: is told why it is closed", async (lane) => {
  const socket = await opened(`/${lane}/checked`);
  const closing = closed(socket);
  socket.send("{}");
  const { code, reason } = await closing;
  assert.equal(code, 1008);
  assert.match(reason, /^message\.text: /);
});

test("Node's WebSocket: agrees on a subprotocol, and is refused before the handshake", async () => {
  const socket = await opened("/whole/greets", ["v1"]);
  assert.equal(socket.protocol, "v1");
  socket.close();
  await assert.rejects(opened("/loop/user"));
});

const python = process.env.PYTHON ?? "python3";
const withoutPython =
  spawnSync(python, ["-c", "import websockets.sync.client"]).status === 0
    ? false
    : `${python} has no websockets of 11 or newer: it is NOT tried`;

const program = `
import sys
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
url, lane = sys.argv[1:]
with connect(f"{url}/{lane}/echo") as socket:
    for message in ["h\\u00e9llo", b"\\x00\\xff", "x" * 100_000, ["frag", "ment", "ed"]]:
        socket.send(message)
        assert socket.recv() == ("".join(message) if isinstance(message, list) else message)
    assert socket.ping(b"there").wait(10)
with connect(f"{url}/{lane}/throws") as socket:
    socket.send("http")
    try:
        socket.recv()
    except ConnectionClosed as closed:
        assert (closed.rcvd.code, closed.rcvd.reason) == (1008, "No such thing"), closed
try:
    connect(f"{url}/{lane}/user")
    raise AssertionError("it was not refused")
except InvalidStatus as refused:
    assert refused.response.status_code == 401, refused
print("ok")
`;
for (const lane of ["loop", "thread"])
  test(`Python's websockets: texts, bytes, fragments, pings, closings and refusals [${lane}]`, {
    skip: withoutPython,
  }, async () => {
    const url = server.url.replace("http", "ws");
    assert.equal(await runProgram(python, ["-c", program, url, lane]), "ok\n");
  });
