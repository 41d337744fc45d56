import assert from "node:assert/strict";
import { after, before } from "node:test";
import { openSocket, type RawSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import app from "../fixtures/small-bodies-app.ts";

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false });
});
after(() => server.close());

const form = "Content-Type: multipart/form-data; boundary=B";
const part = '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\na\r\n--B--\r\n';
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

async function expecting(line: string, headers: string): Promise<RawSocket> {
  const raw = await openSocket(server.url);
  raw.send(`${line} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${headers}\r\n\r\n`);
  return raw;
}

eachLane("a client that waits for 100 Continue gets the refusal instead", async (lane) => {
  for (const [status, line, headers] of [
    [404, "POST /nowhere", "Content-Length: 9"],
    [405, `DELETE /${lane}/json`, "Transfer-Encoding: chunked"],
    [413, `POST /${lane}/json`, "Content-Type: application/json\r\nContent-Length: 2000"],
    [413, `POST /${lane}/form`, `${form}\r\nContent-Length: 2000`],
    [413, `PUT /${lane}/stream`, "Content-Length: 2000"],
    [401, `PUT /${lane}/secret`, "Content-Length: 9"],
  ] as const) {
    const raw = await expecting(line, headers);
    await raw.until((text) => text.endsWith("}"));
    raw.socket.end();
    assert.match(
      await raw.ended(),
      new RegExp(`^HTTP/1\\.1 ${status} [^\0]*connection: close\r\n`, "i"),
      line,
    );
  }
});

eachLane(
  "a client whose body is read gets 100 Continue and the answer, and keeps its connection",
  async (lane) => {
    for (const [line, headers, body, answer] of [
      [`POST /${lane}/json`, "Content-Type: application/json", "{}", '"ok"'],
      [`POST /${lane}/form`, form, part, '"ok"'],
      [`PUT /${lane}/echo`, "X-Kind: echo", "hello", "5\r\nhello\r\n0\r\n\r\n"],
    ] as const) {
      const raw = await expecting(line, `${headers}\r\nContent-Length: ${body.length}`);
      await raw.until((text) => text.startsWith(CONTINUE));
      raw.send(body);
      await raw.until((text) => text.endsWith(answer));
      raw.send(`POST /${lane}/note HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      assert.equal((await raw.ended()).split("HTTP/1.1 200 OK").length, 3, line);
    }
  },
);

eachLane("a client that sends its body without waiting is answered like any other", async (lane) => {
  for (const [path, status] of [
    ["json", 200],
    ["nowhere", 404],
  ] as const) {
    const raw = await expecting(
      `POST /${lane}/${path}`,
      "Content-Type: application/json\r\nContent-Length: 2",
    );
    raw.send("{}");
    const text = await raw.until((received) => /\}$|"ok"$/.test(received));
    raw.socket.end();
    assert.match(text, new RegExp(`(^|\n)HTTP/1\\.1 ${status} `));
  }
});

eachLane("a client that has no body to send keeps its connection", async (lane) => {
  const raw = await expecting(`POST /${lane}/note`, "Content-Length: 0");
  await raw.until((text) => text.endsWith("\r\n\r\nnull"));
  raw.send(`POST /${lane}/note HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  assert.equal((await raw.ended()).split("HTTP/1.1 200 OK").length, 3);
});
