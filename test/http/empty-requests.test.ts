import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import app from "../fixtures/inputs-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false });
});
after(() => server.close());

async function answerTo(head: string): Promise<string> {
  const raw = await openSocket(server.url);
  raw.send(`${head}\r\nConnection: close\r\n\r\n`);
  return raw.ended();
}

const json = "Content-Type: application/json";

eachLane("a request with a content type and without a body or its length is answered", async (lane) => {
  for (const head of [
    `POST /${lane}/optional HTTP/1.1\r\nHost: a\r\n${json}`,
    `POST /${lane}/optional HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded`,
    `POST /${lane}/optional HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x`,
    `POST /${lane}/optional HTTP/1.0\r\n${json}`,
  ])
    assert.match(await answerTo(head), /^HTTP\/1\.1 200 [\s\S]*{"body":"none"}$/, head);
  assert.match(await answerTo(`POST /${lane}/items HTTP/1.1\r\nHost: a\r\n${json}`), /^HTTP\/1\.1 422 /);
  assert.match(await answerTo(`DELETE /${lane}/gone HTTP/1.1\r\nHost: a\r\n${json}`), /^HTTP\/1\.1 204 /);
});

test("one that nothing answers is answered, too", async () => {
  assert.match(await answerTo(`POST /nowhere HTTP/1.1\r\nHost: a\r\n${json}`), /^HTTP\/1\.1 404 /);
});

eachLane("the next request on its connection is answered", async (lane) => {
  const raw = await openSocket(server.url);
  raw.send(`POST /${lane}/optional HTTP/1.1\r\nHost: a\r\n${json}\r\n\r\n`);
  raw.send(`POST /${lane}/any HTTP/1.1\r\nHost: a\r\n${json}\r\nContent-Length: 3\r\n\r\n[1]`);
  raw.send(`GET /${lane}/value/string HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const answers = await raw.ended();
  const bodies = answers.split(/HTTP\/1\.1 200 OK[\s\S]*?\r\n\r\n/).slice(1);
  assert.deepEqual(bodies, ['{"body":"none"}', '{"type":"object","body":[1]}', '"ok"']);
});
