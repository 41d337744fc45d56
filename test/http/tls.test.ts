import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { App, depends, OffloopError, serve } from "offloop";
import { httpsRedirect } from "offloop/security";
import { WebSocket } from "ws";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, running } from "../fixtures/running.ts";
import small from "../fixtures/small-bodies-app.ts";
import app from "../fixtures/urls-app.ts";
import { handshake } from "../websocket/raw-client.ts";

const folder = mkdtempSync(join(tmpdir(), "offloop-tls-"));
after(() => rmSync(folder, { recursive: true }));
const tls = { key: join(folder, "key.pem"), cert: join(folder, "cert.pem") };
makeCertificate(tls);

function makeCertificate({ key, cert }: typeof tls): void {
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const about = [
    "-days",
    "1",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
  ];
  execFileSync("openssl", [...kind, ...about, "-keyout", key, "-out", cert], { stdio: "ignore" });
}

/** Asks, trusting the certificate and no other. */
async function ask(
  url: string,
  options: RequestOptions = {},
): Promise<{ status: number | undefined; body: string }> {
  const sent = request(url, { ca: readFileSync(tls.cert), ...options }).end();
  const [response] = await once(sent, "response");
  return { status: response.statusCode, body: await text(response) };
}

eachLane("tls serves https, and operations know", async (lane) => {
  const server = await running(app, { tls });
  try {
    assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    const { status, body } = await ask(`${server.url}/${lane}/url`);
    assert.equal(status, 200);
    assert.deepEqual((JSON.parse(body) as string[]).slice(2), [
      `${server.url}/api/both`,
      `${server.url}/api/admin/users/`,
      server.url,
    ]);
    assert.equal((await ask(`${server.url}/nothing`, { method: "HEAD" })).status, 404);
  } finally {
    await server.close();
  }
});

test("tls: a client that speaks http is cut off, the next one is answered, and close() ends idle connections", async () => {
  const server = await running(app, { tls });
  const socket = connect(server.port, "127.0.0.1");
  socket.end("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(socket.resume(), "close");
  assert.equal((await ask(`${server.url}/both`)).status, 200);
  await server.close();
});

test("httpsRedirect() lets https requests and handshakes pass, and redirects the rest", async () => {
  const redirected = new App();
  redirected.around(httpsRedirect());
  redirected.get("/a", async () => "here");
  redirected.websocket("/live", { message: async () => "in" });
  const [plain, secure] = [await running(redirected), await running(redirected, { tls })];
  try {
    assert.equal((await ask(`${secure.url}/a`)).status, 200);
    const moved = await fetch(`${plain.url}/a?b=1`, { redirect: "manual" });
    assert.deepEqual(
      [moved.status, moved.headers.get("location")],
      [307, `${plain.url.replace("http:", "https:")}/a?b=1`],
    );
    const asked = get(plain.url, { path: `${plain.url}/a?b=1` }); // as a proxy is asked
    const [{ headers }] = (await once(asked, "response")) as [IncomingMessage];
    assert.equal(headers.location, `${plain.url.replace("http:", "https:")}/a?b=1`);
    const raw = await openSocket(plain.url);
    raw.send(handshake("/live?b=1", { Host: "shop.example" }));
    assert.match(await raw.ended(), /^HTTP\/1\.1 307 [\s\S]*location: wss:\/\/shop\.example\/live\?b=1\r\n/);
    const live = new WebSocket(`${secure.url.replace("https:", "wss:")}/live`, {
      ca: readFileSync(tls.cert),
    });
    await once(live, "open");
    live.terminate();
  } finally {
    await Promise.all([plain.close(), secure.close()]);
  }
});

test("tls: a client that takes its answer slowly gets all of it, and one that takes nothing more is cut", async () => {
  const SEND_MS = 800;
  const large = new App();
  const { promise: isClosed, resolve } = Promise.withResolvers<void>();
  const content = "x".repeat(30_000_000);
  const connection = depends(async function* () {
    yield "open";
    resolve();
  });
  large.get("/slow", async () => content);
  large.get("/stalled", { deps: { connection } }, async () => content);
  const server = await running(large, { tls, connections: { sendTimeoutMs: SEND_MS } });
  const port = Number(new URL(server.url).port);
  const slow = connectTls(port, "127.0.0.1", { ca: readFileSync(tls.cert) });
  const stalled = connectTls(port, "127.0.0.1", { ca: readFileSync(tls.cert) });
  try {
    stalled.pause().write("GET /stalled HTTP/1.1\r\nHost: a\r\n\r\n");
    let [taken, all] = [0, 0];
    slow.on("data", ({ length }: Buffer) => {
      taken += length;
      all += length;
      if (taken < content.length / 12) return;
      taken = 0;
      slow.pause();
      void delay(SEND_MS / 4).then(() => slow.resume());
    });
    slow.write("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await Promise.all([once(slow, "close"), isClosed]);
    assert.ok(all > content.length, `${all} bytes of ${content.length}`);
  } finally {
    for (const client of [slow, stalled]) client.destroy();
    await server.close();
  }
});

test("httpsRedirect() refuses requests and handshakes that name no valid host, rather than serve them over http", async () => {
  const redirected = new App();
  redirected.around(httpsRedirect());
  let served = 0;
  redirected.get("/a", async () => ++served);
  redirected.websocket("/live", { open: async () => void ++served, message: async () => "in" });
  const [plain, proxied] = [await running(redirected), await running(redirected, { trustProxy: true })];
  const asks = (...headers: string[]): string =>
    ["GET /a HTTP/1.1", ...headers, "Connection: close", "", ""].join("\r\n");
  try {
    for (const [server, request] of [
      [plain, "GET /a HTTP/1.0\r\n\r\n"],
      [plain, asks("Host:")],
      [plain, asks("Host: shop.example/")],
      [plain, handshake("/live", { Host: "" })],
      [plain, handshake("/live", { Host: "evil@shop.example" })],
      [proxied, asks("Host: shop.example", "X-Forwarded-Host: shop.example/")],
      [proxied, handshake("/live", { "X-Forwarded-Host": "shop.example/" })],
    ] as const) {
      const raw = await openSocket(server.url);
      raw.send(request);
      assert.match(await raw.ended(), /^HTTP\/1\.1 400 [\s\S]*Invalid host header/, request);
    }
    assert.equal(served, 0);
  } finally {
    await Promise.all([plain.close(), proxied.close()]);
  }
});

const other = { key: join(folder, "other-key.pem"), cert: join(folder, "other-cert.pem") };
makeCertificate(other);
writeFileSync(join(folder, "empty.pem"), "");
for (const [what, files, message] of [
  ["only a key", { key: tls.key }, /there is no tls\.cert/],
  ["only a certificate", { cert: tls.cert }, /there is no tls\.key/],
  ["a file that is not there", { ...tls, key: join(folder, "no.pem") }, /cannot be read: ENOENT/],
  ["a key of another certificate", { ...tls, key: other.key }, /mismatch/],
  ["what is no PEM", { ...tls, cert: join(folder, "empty.pem") }, /Cannot use tls/],
] as const)
  test(`serve() refuses tls with ${what}`, async () => {
    await assert.rejects(
      serve(new App(), { port: 0, signals: false, tls: files as typeof tls }),
      (error) =>
        error instanceof OffloopError &&
        error.code === "OFFLOOP_OPTION_INVALID" &&
        message.test(error.message),
    );
  });

test("offloop run serves https with --tls-key and --tls-cert, and needs both", async () => {
  const cli = new URL("../../src/cli/main.ts", import.meta.url).pathname;
  const module = new URL("../fixtures/urls-app.ts", import.meta.url).pathname;
  const run = (...args: string[]) =>
    spawn(process.execPath, ["--conditions=offloop:source", cli, "run", module, "--port", "0", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
  const half = run("--tls-key", tls.key);
  assert.match(await text(half.stderr), /OFFLOOP_OPTION_INVALID.*there is no tls\.cert/);
  const whole = run("--tls-key", tls.key, "--tls-cert", tls.cert);
  let output = "";
  for await (const chunk of whole.stdout) {
    output += String(chunk);
    if (/https:\/\/[\d.]+:\d+/.test(output)) break;
  }
  const [url] = /https:\/\/[\d.]+:\d+/.exec(output) ?? [];
  assert.equal((await ask(`${url}/both`)).body, '"outer"');
  whole.kill("SIGTERM");
  await once(whole, "exit");
});

eachLane("tls: a client that still sends a refused body gets the answer", async (lane) => {
  const server = await running(small, { tls, accessLog: false });
  await using _ = { [Symbol.asyncDispose]: () => server.close() };
  const socket = connectTls({ port: Number(new URL(server.url).port), ca: readFileSync(tls.cert) });
  await once(socket, "secureConnect");
  const body = Buffer.alloc(30_000_000, "x"); // more than a connection holds of what nobody reads
  const head = `PUT /${lane}/stream HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
  await new Promise<void>((resolve, reject) => {
    socket.write(Buffer.concat([Buffer.from(head), body]), (error) => (error ? reject(error) : resolve()));
  });
  assert.match(await text(socket), /^HTTP\/1\.1 413 [^\0]*\{"detail":"[^"]+"\}$/);
});

eachLane("tls: Expect: 100-continue is answered when the body is read", async (lane) => {
  const server = await running(small, { tls, accessLog: false });
  await using _ = { [Symbol.asyncDispose]: () => server.close() };
  const sent = request(`${server.url}/${lane}/json`, {
    method: "POST",
    ca: readFileSync(tls.cert),
    headers: { expect: "100-continue", "content-type": "application/json", "content-length": 2 },
  });
  sent.flushHeaders();
  await once(sent, "continue");
  sent.end("{}");
  const [response] = await once(sent, "response");
  assert.equal(await text(response), '"ok"');
});

test("https: close() does not wait for a connection on which nothing has come", async () => {
  const server = await running(app, { tls, shutdownGraceMs: 3_600_000 });
  const socket = connectTls({ port: Number(new URL(server.url).port), ca: readFileSync(tls.cert) });
  await once(socket, "secureConnect");
  const ended = once(socket.resume(), "close");
  await server.close();
  await ended;
});
