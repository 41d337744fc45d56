import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import app from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;

before(async () => {
  server = await running(app, { accessLog: false });
});
after(async () => {
  await assertNextRequests(server.url);
  await server.close();
  assert.deepEqual(
    server.log.filter(({ level }) => level >= 50),
    [],
    "no client can make the server log an error of its own",
  );
});

async function answerTo(bytes: string): Promise<string> {
  const raw = await openSocket(server.url);
  raw.send(Buffer.from(bytes, "latin1"));
  return raw.ended();
}

const post = "POST /loop/json HTTP/1.1\r\nHost: a\r\n";
for (const [what, bytes, status] of [
  ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["an unknown version", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400],
  ["no host", "GET /echo/loop/1 HTTP/1.1\r\n\r\n", 400],
  ["a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
  ["a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400],
  ["a control character in a header", "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400],
  ["length and chunks", `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["two lengths", `${post}Content-Length: 4\r\nContent-Length: 5\r\n\r\n1234`, 400],
  ["a negative length", `${post}Content-Length: -1\r\n\r\n`, 400],
  ["a chunk of no size", `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n`, 400],
  ["a chunk size beyond all bounds", `${post}Transfer-Encoding: chunked\r\n\r\n${"f".repeat(20)}\r\n`, 400],
  ["an unknown transfer coding", `${post}Transfer-Encoding: chunked, nonsense\r\n\r\n0\r\n\r\n`, 400],
  ["a head that is too large", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ["a URL that is too long", `GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
] as const) {
  test(`malformed: ${what} is ${status}, and the connection ends`, async () => {
    assert.match(await answerTo(bytes), new RegExp(`^HTTP/1\\.1 ${status} `));
  });
}

for (const [path, status] of [
  ["/%zz", 400],
  ["/echo/loop/%ff", 400],
  ["/echo/loop/%00", 200],
  ["//", 404],
  ["/../../etc/passwd", 404],
  ["/echo/loop/..%2f..%2fetc", 200],
  ["*", 404],
  ["http://other.example/echo/loop/1", 200],
] as const) {
  test(`malformed: the path ${path} is ${status}`, async () => {
    const answer = await answerTo(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
  });
}

test("pipelined: 200 requests in one write are answered in their order, on both lanes", async () => {
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  const raw = await openSocket(server.url);
  raw.send(
    numbers
      .map((n) => `GET /echo/${n % 3 === 0 ? "loop" : "thread"}/${n} HTTP/1.1\r\nHost: a\r\n\r\n`)
      .join(""),
  );
  const text = await raw.until((received) => received.endsWith('"199"'));
  assert.deepEqual(
    [...text.matchAll(/\r\n\r\n"(\d+)"/g)].map(([, n]) => Number(n)),
    numbers,
  );
  raw.socket.destroy();
});

eachLane("pipelined: garbage behind a large answer is not written into it", async (lane) => {
  const bytes = 20_000_000;
  const raw = await openSocket(server.url);
  raw.socket.pause(); // so that the answer is still being sent when the garbage comes
  raw.send(`GET /${lane}/bytes/${bytes} HTTP/1.1\r\nHost: a\r\n\r\n`);
  while (server.threads.busy > 0 || raw.socket.bytesWritten === 0) await assertOther();
  await assertOther();
  raw.send("GARBAGE\r\n\r\n");
  await assertOther();
  raw.socket.resume();
  const [, body = "", refusal] = (await raw.ended()).split(/\r\n\r\n|(?=HTTP)/);
  assert.equal(body.length, bytes + 2);
  assert.match(body, /^"x*"$/, "nothing but the body");
  assert.match(refusal ?? "", /^HTTP\/1\.1 400 Bad Request/);
});

eachLane("pipelined: what came before garbage is answered, and the log says what came then", async (lane) => {
  const posted = `POST /${lane}/json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n`;
  const logged = await running(app);
  const answers = async (bytes: string): Promise<(string | undefined)[]> => {
    const raw = await openSocket(logged.url);
    raw.send(bytes);
    return [...(await raw.ended()).matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
  };
  try {
    assert.deepEqual(await answers(`${posted}{}more than its length`), ["200", "400"]);
    await logged.logged(({ code }) => code === "HPE_INVALID_METHOD");
    const many = Array.from({ length: 100 }, (_, n) => `GET /echo/${lane}/${n} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.deepEqual(await answers(`${many.join("")}garbage\r\n\r\n`), [...many.map(() => "200"), "400"]);
    assert.equal(
      logged.log.some(({ clientGone }) => clientGone === true),
      false,
    );
    const chunked = `POST /${lane}/json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`;
    assert.deepEqual(await answers(`${many[0]}${chunked}`), ["200", "400"]);
  } finally {
    await logged.close();
  }
});

async function assertOther(): Promise<void> {
  assert.equal((await fetch(`${server.url}/echo/loop/1`)).status, 200);
}
