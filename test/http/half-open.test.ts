import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server as NodeServer } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect as connectSecurely } from "node:tls";
import { App, type FastifyPlugin, type ServeOptions, stream } from "offloop";
import { type Running, running } from "../fixtures/running.ts";

const HEADERS_MS = 200;
const REQUEST_MS = 400;
/** Longer than any test may take: what waits for its end fails. */
const LONG_MS = 600_000;
const limit = { timeout: 30_000 };

const folder = mkdtempSync(join(tmpdir(), "offloop-half-open-"));
after(() => rmSync(folder, { recursive: true }));
const tls = { key: join(folder, "key.pem"), cert: join(folder, "cert.pem") };
execFileSync(
  "openssl",
  [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"],
    ...["-subj", "/CN=localhost", "-keyout", tls.key, "-out", tls.cert],
  ],
  { stdio: "ignore" },
);

interface Served {
  readonly server: Running;
  /** How many connections it has. */
  connections(): Promise<number>;
  /** How many requests have been run. */
  ran(): number;
  /** Ends the download. */
  finish(): void;
}

async function served(t: TestContext, options: ServeOptions): Promise<Served> {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  let nodeServer: NodeServer | undefined;
  let ran = 0;
  const app = new App();
  app.register(((fastify, _options, done) => {
    nodeServer = fastify.server as NodeServer;
    done();
  }) satisfies FastifyPlugin<unknown>);
  app.post("/count", async () => ++ran);
  app.get("/download", async () => {
    async function* parts(): AsyncGenerator<string> {
      yield "begun ";
      await finished;
      yield "ended";
    }
    return stream(parts());
  });
  app.websocket("/socket", async () => {});
  const connections = { headersTimeoutMs: HEADERS_MS, requestTimeoutMs: REQUEST_MS };
  const server = await running(app, { accessLog: false, connections, shutdownGraceMs: LONG_MS, ...options });
  t.after(() => server.close());
  return {
    server,
    connections: () => new Promise((resolve) => nodeServer?.getConnections((_error, open) => resolve(open))),
    ran: () => ran,
    finish,
  };
}

async function noneLeft({ connections }: Served): Promise<void> {
  while ((await connections()) > 0) await nextTurn();
}

/** A connection whose client's side stays open, whatever the server does. */
async function openPlain(t: TestContext, { server }: Served): Promise<Socket> {
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {}); // a reset is one of the ways it may end
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

async function open(t: TestContext, of: Served): Promise<Socket> {
  const plain = await openPlain(t, of);
  if (of.server.url.startsWith("http:")) return plain;
  const socket = connectSecurely({ socket: plain, rejectUnauthorized: false });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

/** What a client receives until the server says that nothing more comes. */
async function answerTo(socket: Socket): Promise<string> {
  let received = "";
  socket.on("data", (part: Buffer) => {
    received += part.toString();
  });
  await Promise.race([once(socket, "end"), once(socket, "close")]);
  return received;
}

const post = "POST /count HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
const handshake = "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n";
const refused = [
  ["sends nothing", "", 408],
  ["stops in a head", "GET / HTTP/1.1\r\nHost: a\r\n", 408],
  ["stops in a body", `${post}Content-Length: 100\r\n\r\n[`, 408],
  ["sends what is not HTTP", "\0\0\0\0\r\n\r\n", 400],
  ["sends two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  ["sends too long a head", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ["asks for an old version of WebSocket", `${handshake}Sec-WebSocket-Version: 1\r\n\r\n`, 426],
] as const;

for (const [scheme, options] of [
  ["http", {}],
  ["https", { tls }],
] as const) {
  for (const [what, bytes, status] of refused)
    test(
      `a client that ${what} is answered ${status}, and closed though it does not close [${scheme}]`,
      limit,
      async (t) => {
        const of = await served(t, options);
        const socket = await open(t, of);
        socket.write(bytes);
        assert.match(await answerTo(socket), new RegExp(`^HTTP/1\\.1 ${status} `));
        await noneLeft(of);
      },
    );

  test(`the rest of a body that comes after its 408 runs nothing [${scheme}]`, limit, async (t) => {
    const of = await served(t, options);
    const socket = await open(t, of);
    socket.write(`${post}Content-Length: 3\r\n\r\n[`);
    assert.match(await answerTo(socket), /^HTTP\/1\.1 408 /);
    socket.write("1]");
    await noneLeft(of);
    assert.equal(of.ran(), 0);
  });

  test(`close() waits for no client that has been told to go [${scheme}]`, limit, async (t) => {
    const of = await served(t, options);
    const socket = await open(t, of);
    socket.write("\0\0\0\0\r\n\r\n");
    await answerTo(socket);
    await of.server.close();
    assert.equal(await of.connections(), 0);
  });

  test(`close() waits for no client whose last response it has finished [${scheme}]`, limit, async (t) => {
    const of = await served(t, options);
    const socket = await open(t, of);
    socket.write("GET /download HTTP/1.1\r\nHost: a\r\n\r\n");
    const answer = answerTo(socket);
    await once(socket, "data");
    const closed = of.server.close();
    of.finish();
    assert.match(await answer, /begun [\s\S]*ended/);
    await closed;
    assert.equal(await of.connections(), 0);
  });
}

for (const [what, bytes] of [
  ["says nothing", ""],
  ["stops in its handshake", "\x16\x03\x01\x02"],
] as const) {
  test(`https: a client that ${what} is cut off after headersTimeoutMs`, limit, async (t) => {
    const of = await served(t, { tls });
    const socket = await openPlain(t, of);
    socket.write(bytes, "latin1");
    while ((await of.connections()) === 0) await nextTurn();
    await noneLeft(of);
  });

  test(`https: a client that ${what} is cut off by close() after the grace`, limit, async (t) => {
    const connections = { headersTimeoutMs: LONG_MS, requestTimeoutMs: LONG_MS };
    const of = await served(t, { tls, connections, shutdownGraceMs: 100 });
    const socket = await openPlain(t, of);
    socket.write(bytes, "latin1");
    while ((await of.connections()) === 0) await nextTurn();
    await of.server.close();
    await noneLeft(of);
  });
}
