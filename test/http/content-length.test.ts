import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import app from "../fixtures/announced-app.ts";
import { journal } from "../fixtures/journal.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());
beforeEach(() => journal.clear());

/** What comes on a connection on which one path is asked for, then `/next`, until the server ends it. */
async function asked(lane: string, path: string): Promise<string> {
  const raw = await openSocket(server.url);
  raw.send(`GET /${lane}${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  raw.send(`GET /${lane}/next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return raw.ended();
}

const isNext = /HTTP\/1\.1 200 OK\r\n[^\0]*\r\n\r\n"next"$/;

eachLane(
  "a stream that has not the length it announces breaks off, and nothing follows on its connection",
  async (lane) => {
    for (const kind of ["stream", "items", "events"])
      for (const length of ["5", "100"]) {
        journal.clear();
        const seen = server.log.length;
        const answer = await asked(lane, `/${kind}/${length}`);
        const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
        assert.match(head, new RegExp(`^HTTP/1\\.1 200 OK\r\n[^\0]*content-length: ${length}`), kind);
        assert.ok(Buffer.byteLength(body, "latin1") <= Number(length), `${kind} ${length}: ${body}`);
        assert.doesNotMatch(answer, /next/);
        await journal.written(1);
        const { msg } = await server.logged(
          (entry) => server.log.indexOf(entry) >= seen && entry.level === 50,
        );
        assert.match(msg, new RegExp(`announces ${length} bytes, it has (more|only \\d+)`));
      }
  },
);

eachLane("a stream that has the length it announces is sent whole", async (lane) => {
  const answer = await asked(lane, "/stream/11");
  assert.match(answer, /content-length: 11\r\n[^\0]*\r\n\r\nhellow\xc3\xb6rldHTTP/);
  assert.match(answer, isNext);
});

eachLane("what is there as a whole has its own length, whatever is announced", async (lane) => {
  for (const kind of ["text", "value", "file", "web"])
    for (const length of ["5", "100", "none"]) {
      const answer = await asked(lane, `/${kind}/${length}`);
      assert.match(answer, isNext, `${kind} ${length}`);
      const [head = "", rest = ""] = answer.split("\r\n\r\n", 2);
      const [, sent] = /content-length: (\d+)/i.exec(head) ?? [];
      assert.equal(Buffer.byteLength(rest.slice(0, rest.indexOf("HTTP/1.1")), "latin1"), Number(sent));
    }
});

eachLane("a 204 announces no length", async (lane) => {
  const answer = await asked(lane, "/nothing");
  assert.match(answer, /^HTTP\/1\.1 204 No Content\r\n/);
  assert.doesNotMatch(answer.slice(0, answer.indexOf("\r\n\r\n")), /content-length/i);
  assert.match(answer, isNext);
});

eachLane("a stream whose head cannot be sent is a 500, and closed", async (lane) => {
  for (const path of ["/opened/none", "/coded"]) {
    journal.clear();
    const answer = await asked(lane, path);
    assert.match(answer, /^HTTP\/1\.1 500 Internal Server Error\r\n/);
    assert.match(answer, isNext);
    await journal.written(1);
  }
});
