import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { TurnLoad } from "../../bench/turn-load.ts";

let answered = 0;
let connections = 0;
const server = createServer((request, response) => {
  answered++;
  const body = request.url ?? "";
  response.writeHead(body === "/missing" ? 404 : 200, { "content-length": body.length }).end(body);
});
server.on("connection", () => void connections++);
let url: string;

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

test("TurnLoad.run() counts every answer of a turn, on the same connections turn after turn", async () => {
  const load = await TurnLoad.open(`${url}/items?page=1`, 3);
  for (let turn = 0; turn < 2; turn++) {
    const before = answered;
    const { requests, seconds } = await load.run(20);
    assert.equal(requests, answered - before);
    assert.ok(requests > 3 && seconds >= 0.02, `${requests} in ${seconds} s`);
  }
  assert.equal(connections, 3);
  load.close();
});

test("TurnLoad.refresh() opens the connections anew when they have been idle for too long", async (t) => {
  const load = await TurnLoad.open(`${url}/`, 3);
  t.after(() => load.close());
  await load.run(20);
  const before = connections;
  await load.refresh(60_000);
  await load.run(20);
  assert.equal(connections, before);
  await load.refresh(0);
  await load.run(20);
  assert.equal(connections, before + 3);
});

test("TurnLoad.run() throws when an answer is no success", async () => {
  const load = await TurnLoad.open(`${url}/missing`, 1);
  await assert.rejects(load.run(20), /expected a 200/);
  load.close();
});
