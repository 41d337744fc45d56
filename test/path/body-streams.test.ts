import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { Agent, request as ask, type ClientRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import compress from "@fastify/compress";
import { App, depends } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
import app, { aborted, failed, goOn, MiB, stopped } from "../fixtures/body-streams-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app, { accessLog: false });
});
after(() => server.close());
beforeEach(() => {
  for (const gate of [stopped, goOn, failed, aborted]) gate.reset();
});

setFlagsFromString("--expose-gc");
/** What nobody has any more counts until it is collected. */
const collect = runInNewContext("gc") as () => void;

/** A request that is under way; its body is the caller's to send. */
function put(path: string, headers: Record<string, string | number> = {}, agent?: Agent): ClientRequest {
  const request = ask(server.url + path, { method: "PUT", headers, agent: agent ?? false });
  request.on("error", () => {}); // told by who waits for the response
  return request;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

async function answerTo(request: ClientRequest): Promise<Answer> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

async function send(
  path: string,
  body: Uint8Array,
  headers?: Record<string, string | number>,
): Promise<Answer> {
  const request = put(path, headers);
  request.end(body);
  return answerTo(request);
}

const paths = ["/loop/hash", "/thread/hash", "/thread/async/hash"];

for (const path of paths)
  for (const length of ["content-length", "chunked"])
    test(`50 MiB come through whole, and are never held [${path}, ${length}]`, async () => {
      const piece = randomBytes(MiB);
      const hash = createHash("sha256");
      collect();
      const start = process.memoryUsage().arrayBuffers;
      let most = 0;
      async function* pieces(): AsyncGenerator<Buffer> {
        for (let sent = 0; sent < 50; sent++) {
          hash.update(piece);
          yield piece;
          if (sent % 10 === 9) collect();
          if (sent % 10 === 9) most = Math.max(most, process.memoryUsage().arrayBuffers);
        }
      }
      const request = put(path, length === "chunked" ? {} : { "content-length": 50 * MiB });
      const answer = answerTo(request);
      await pipeline(Readable.from(pieces(), { highWaterMark: 1 }), request);
      assert.deepEqual(await answer, { status: 200, body: JSON.stringify(hash.digest("hex")) });
      assert.ok(most - start < 25 * MiB, `${(most - start) / MiB} MiB`);
    });

eachLane("no body is an empty stream", async (lane) => {
  assert.equal((await send(`/${lane}/size`, Buffer.alloc(0))).body, "0");
  assert.equal((await send(`/${lane}/size`, Buffer.alloc(0), { "content-type": "text/plain" })).body, "0");
  const response = await fetch(`${server.url}/${lane}/whole`);
  assert.equal(await response.text(), "0");
  assert.equal((await fetch(`${server.url}/${lane}/whole`, { method: "HEAD" })).status, 200);
});

eachLane("a body of any content type is left alone", async (lane) => {
  for (const type of ["application/json", "multipart/form-data; boundary=x", "text/plain", "x/y"])
    assert.deepEqual(await send(`/${lane}/size`, Buffer.from("{not json"), { "content-type": type }), {
      status: 200,
      body: "9",
    });
});

eachLane("the next loop goes on where the one before was left", async (lane) => {
  assert.equal((await send(`/${lane}/head`, Buffer.alloc(300_000))).body, "[300000]");
});

eachLane("dependencies are there as ever", async (lane) => {
  assert.equal((await send(`/${lane}/needs`, Buffer.alloc(5), { "x-user": "ada" })).body, '["ada",5]');
});

eachLane("413: a length beyond maxBodyBytes is refused before the handler runs", async (lane) => {
  const request = put(`/${lane}/size`, { "content-length": MiB + 1 });
  request.flushHeaders();
  assert.equal((await answerTo(request)).status, 413);
});

eachLane("413: a chunked body is broken off where it passes maxBodyBytes", async (lane) => {
  assert.deepEqual(await send(`/${lane}/size`, Buffer.alloc(MiB), { "transfer-encoding": "chunked" }), {
    status: 200,
    body: String(MiB),
  });
  const request = put(`/${lane}/size`);
  const answer = answerTo(request);
  for (let sent = 0; sent < 20; sent++) request.write(Buffer.alloc(65_536)); // never ended
  assert.equal((await answer).status, 413);
  request.destroy();
});

eachLane("a body that turns out too large after the reply has begun breaks it off", async (lane) => {
  const request = put(`/${lane}/echo`);
  request.write("hello");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  const [first] = (await once(response, "data")) as [Buffer];
  assert.equal(first.toString(), "hello");
  const broken = assert.rejects(text(response));
  for (let sent = 0; sent < 20; sent++) request.write(Buffer.alloc(65_536));
  await broken;
});

eachLane("a reply may be made of the body while that arrives", async (lane) => {
  const request = put(`/${lane}/echo`);
  request.write("one");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(String((await once(response, "data"))[0]), "one");
  request.write("two");
  assert.equal(String((await once(response, "data"))[0]), "two");
  request.end();
  assert.equal(await text(response), "");
});

for (const what of ["first", "ignored"])
  eachLane(`the connection brings the next request after a body of which was read: ${what}`, async (lane) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<Socket>();
    for (let round = 0; round < 3; round++) {
      const request = put(`/${lane}/${what}`, {}, agent);
      request.once("socket", (socket) => sockets.add(socket));
      request.end(Buffer.alloc(8 * MiB));
      const { status } = await answerTo(request);
      assert.equal(status, 200);
    }
    assert.equal(sockets.size, 1);
    agent.destroy();
  });

eachLane("a handler that has stopped stops its client", async (lane) => {
  let socket: Socket | undefined;
  const note = (message: unknown): void => {
    ({ socket } = message as { socket: Socket });
  };
  subscribe("http.server.request.start", note);
  const request = put(`/${lane}/stops`, { "content-length": 50 * MiB });
  const answer = answerTo(request);
  const sent = pipeline(Readable.from(pieces(50), { highWaterMark: 1 }), request);
  await stopped.arrived(1);
  unsubscribe("http.server.request.start", note);
  for (let seen = -1; seen !== socket?.bytesRead; await sleep(50)) seen = (socket as Socket).bytesRead;
  assert.ok((socket?.bytesRead ?? 0) < MiB, `${socket?.bytesRead} bytes were read`);
  goOn.open();
  goOn.arrive();
  await sent;
  assert.deepEqual(await answer, { status: 200, body: String(50 * MiB) });
});

function* pieces(count: number): Generator<Buffer> {
  for (let made = 0; made < count; made++) yield Buffer.alloc(MiB);
}

eachLane("a client that goes ends the reading, and the signal is aborted", async (lane) => {
  const request = put(`/${lane}/fails`, { "content-length": 1000 });
  request.write("half of it");
  await stopped.arrived(1);
  request.destroy();
  await failed.arrived(1);
  await aborted.arrived(1);
});

eachLane("a client that goes while its body waits to be read ends the reading", async (lane) => {
  const request = put(`/${lane}/stops`, { "content-length": 50 * MiB });
  request.write(Buffer.alloc(2 * MiB));
  await stopped.arrived(1);
  request.destroy();
  goOn.open();
  goOn.arrive();
  assert.equal((await send(`/${lane}/size`, Buffer.alloc(3))).body, "3");
});

eachLane("504: a deadline ends the reading, and the connection is there for the next", async (lane) => {
  const request = put(`/${lane}/late`, { "content-length": 1000 });
  request.write("half of it");
  assert.equal((await answerTo(request)).status, 504);
  if (lane === "loop") await failed.arrived(1);
  request.destroy();
  assert.equal((await send(`/${lane}/size`, Buffer.alloc(3))).body, "3");
});

eachLane("a body that never ends does not outlast the grace of a shutdown", async (lane) => {
  const own = await running(app, { accessLog: false, shutdownGraceMs: 100 });
  const request = ask(`${own.url}/${lane}/fails`, { method: "PUT", agent: false });
  const broken = once(request, "response");
  request.write("half of it");
  await stopped.arrived(1);
  await Promise.all([own.close(), assert.rejects(broken)]);
  if (lane === "loop") await aborted.arrived(1); // a thread is ended
});

eachLane("100-continue is answered before the body is sent", async (lane) => {
  const socket = await openSocket(server.url);
  socket.send(
    `PUT /${lane}/size HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n`,
  );
  await socket.until((received) => received.startsWith("HTTP/1.1 100 Continue\r\n\r\n"));
  socket.send("12345");
  assert.match(await socket.ended(), /HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n5$/);
});

eachLane("a chunk that is none ends the connection with a 400", async (lane) => {
  const socket = await openSocket(server.url);
  socket.send(`PUT /${lane}/fails HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`);
  await stopped.arrived(1);
  socket.send("zz\r\n");
  await socket.ended();
  await failed.arrived(1);
});

eachLane("500 OFFLOOP_BODY_STREAM: what was read is not read again, and never as a whole", async (lane) => {
  for (const path of ["twice", "bytes", ...(lane === "loop" ? ["blocking"] : [])]) {
    const before = server.log.length;
    assert.equal((await send(`/${lane}/${path}`, Buffer.alloc(5))).status, 500);
    await server.logged((entry) => server.log.indexOf(entry) >= before && isStreamError(entry));
  }
});

function isStreamError({ err }: Record<string, unknown>): boolean {
  return (err as { code?: string } | undefined)?.code === "OFFLOOP_BODY_STREAM";
}

eachLane(
  "stream() of an operation that streams nothing gives its bytes, as often as it is asked",
  async (lane) => {
    const response = await fetch(`${server.url}/${lane}/whole`, { method: "POST", body: "12345" });
    assert.equal(await response.text(), lane === "loop" ? "[5,5]" : "[5]");
  },
);

eachLane("a body is streamed in process, too", async (lane) => {
  await using client = await testClient(app, { socket: false });
  const response = await client.put(`/${lane}/size`, { body: Buffer.alloc(200_000) });
  assert.equal(await response.text(), "200000");
});

test("a body is streamed as a plugin has transformed it, and a broken one is a 400", async () => {
  const own = new App();
  own.register(compress);
  own.put("/", { body: "stream" }, async ({ request }) => text(request.stream()));
  own.put("/ignored", { body: "stream" }, async () => "ignored");
  await using client = await testClient(own);
  const headers = { "content-encoding": "gzip" };
  const whole = await client.put("/", { headers, body: gzipSync("tea".repeat(100_000)) });
  assert.equal(await whole.json(), "tea".repeat(100_000));
  const broken = await client.put("/", { headers, body: gzipSync(randomBytes(1000)).subarray(0, 500) });
  assert.equal(broken.status, 400);
  for (const rest of ["whole", "cut"]) {
    const body = gzipSync(randomBytes(300_000)).subarray(0, rest === "cut" ? 200_000 : undefined);
    assert.equal((await client.put("/ignored", { headers, body })).status, 200);
  }
  assert.equal(await (await client.put("/", { body: "tea" })).json(), "tea");
});

test("OFFLOOP_BODY_STREAM: a dependency of an operation that streams its body reads that", async () => {
  const own = new App();
  const item = depends({ body: z.object({ name: z.string() }) }, async ({ body }) => body);
  own.post("/", { body: "stream", deps: { item } }, async () => null);
  await assert.rejects(testClient(own), { code: "OFFLOOP_BODY_STREAM" });
});

test("a streamed body is declared where a body may be, alone, and by an operation", () => {
  const own = new App();
  assert.throws(() => own.get("/", { body: "stream" }, async () => null), {
    code: "OFFLOOP_BODY_NOT_ALLOWED",
  });
  assert.throws(() => own.post("/", { body: "stream", form: {} }, async () => null), {
    code: "OFFLOOP_FORM_AND_BODY",
  });
  own.put("/", { body: "stream" }, async ({ body }) => {
    const none: undefined = body;
    return none ?? null;
  });
  // @ts-expect-error: a dependency does not leave the body to the handler
  assert.throws(() => depends({ body: "stream" }, async () => null), { code: "OFFLOOP_SCHEMA_INVALID" });
});

test("OpenAPI: a streamed body is any bytes", async () => {
  const response = await fetch(`${server.url}/openapi.json`);
  const { paths: described } = (await response.json()) as {
    paths: Record<string, { put: { requestBody: unknown } }>;
  };
  assert.deepEqual(described["/loop/size"]?.put.requestBody, {
    content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    required: true,
  });
});
