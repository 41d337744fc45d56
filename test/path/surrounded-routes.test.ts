import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import fastifyStatic from "@fastify/static";
import { App, HTTPError, Router } from "offloop";
import { type Running, running } from "../fixtures/running.ts";

const notes: string[] = [];

const app = new App();
app.around(async ({ request, background }, next) => {
  const wanted = request.headers.get("x-around");
  if (wanted === "refuse") throw new HTTPError(403, "not you");
  const reply = await next();
  notes.push(`${request.url} ${reply.status}`);
  if (wanted === "replace") return { instead: reply.headers.get("content-type") };
  if (wanted === "task") background.add(noted);
  reply.headers.append("x-passed", "app");
  reply.headers.delete("etag");
  if (wanted === "teapot") reply.status = 418;
  return reply;
});
const noted = app.task("noted", async () => void notes.push("task"));
app.register(fastifyStatic, { root: join(import.meta.dirname, "../fixtures"), prefix: "/files/" });
app.register(async (fastify) => {
  fastify.get("/plugin/throws", async () => {
    throw Object.assign(new Error("too often"), { statusCode: 429 });
  });
  fastify.get("/plugin/json", async () => ({ of: "a plugin" }));
  fastify.get("/plugin/hijacked", (_request, reply) => {
    reply.hijack();
    reply.raw.end("hijacked");
  });
});
const files = new Router({ prefix: "/files" });
files.around(async (_, next) => {
  const reply = await next();
  reply.headers.append("x-passed", "files");
  return reply;
});
app.include(files);
const site = mkdtempSync(join(tmpdir(), "offloop-site-"));
writeFileSync(join(site, "index.html"), "<p>the site</p>");
mkdirSync(join(site, "a/private"), { recursive: true });
writeFileSync(join(site, "a/private/page.html"), "<p>private</p>");
app.frontend("/site", site);
const guarded = new Router({ prefix: "/site/:folder/private" });
guarded.around(async () => {
  throw new HTTPError(401, "not you");
});
app.include(guarded);
const inner = new App();
inner.around(async (_, next) => {
  const reply = await next();
  reply.headers.append("x-passed", "inner");
  return reply;
});
app.mount("/inner", inner);
const innermost = new App();
innermost.around(async (_, next) => {
  const reply = await next();
  reply.headers.append("x-passed", "innermost");
  return reply;
});
app.mount("/inner/most", innermost);

let server: Running;
before(async () => {
  server = await running(app, { health: {}, metrics: {} });
});
after(async () => {
  await server.close();
  rmSync(site, { recursive: true });
});
beforeEach(() => {
  notes.length = 0;
});

async function ask(path: string, around = "") {
  const response = await fetch(server.url + path, { headers: { "x-around": around } });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

test("arounds surround the document, its pages and the answers of plugins", async () => {
  for (const [path, status, passed] of [
    ["/openapi.json", 200, "app"],
    ["/docs", 200, "app"],
    ["/inner/openapi.json", 200, "inner, app"],
    ["/inner/most/openapi.json", 200, "innermost, app"],
    ["/files/twins.ts", 200, "files, app"],
    ["/files/nothing.ts", 404, "files, app"],
    ["/plugin/json", 200, "app"],
    ["/plugin/throws", 429, "app"],
  ] as const) {
    notes.length = 0;
    const { headers, ...answer } = await ask(path);
    assert.deepEqual(
      [answer.status, headers.get("etag"), headers.get("x-passed")],
      [status, null, passed],
      path,
    );
    assert.deepEqual(notes, [`${path} ${status}`]);
  }
});

test("arounds surround the answers of plugins however the path is written", async () => {
  for (const [path, passed] of [
    ["http://shop.example/files/twins.ts", "files, app"],
    ["/f%69les/twins.ts", "files, app"],
    ["/files/twins.ts#part", "files, app"],
    ["http://shop.example/inner/openapi.json", "inner, app"],
    ["/inn%65r/openapi.json", "inner, app"],
  ] as const) {
    const asked = get(server.url, { path });
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    response.resume();
    assert.equal(response.headers["x-passed"], passed, path);
  }
});

test("arounds stand around the files of a front end, once", async () => {
  for (const path of ["/site/index.html", "/site/"]) {
    const { status, headers, body } = await ask(path);
    assert.deepEqual([status, headers.get("x-passed"), body], [200, "app", "<p>the site</p>"], path);
  }
  assert.equal((await ask("/site/index.html", "refuse")).status, 403);
});

test("a router's around guards the files of a front end under its prefix however the path is written", async () => {
  for (const path of [
    "/site/a/private/page.html",
    "/site//a/private/page.html",
    "/site/a//private///page.html",
    "/site/a/priv%61te/page.html",
    "/site///a//p%72ivate/page.html?x=/site",
    "http://shop.example/site//a/private/page.html",
  ]) {
    const asked = get(server.url, { path });
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, 401, path);
  }
});

test("an around answers in place of a plugin, before it or after", async () => {
  for (const path of ["/files/twins.ts", "/plugin/json", "/docs"]) {
    const refused = await ask(path, "refuse");
    assert.deepEqual([refused.status, refused.body], [403, '{"detail":"not you"}']);
    const replaced = await ask(path, "replace");
    assert.equal(replaced.status, 200);
    assert.match(replaced.body, /^\{"instead":"[a-z]+\/[a-z]+/);
    assert.equal(replaced.headers.get("content-length"), String(replaced.body.length));
  }
});

test("an around changes the status of a plugin's reply, whose body passes", async () => {
  const { status, body } = await ask("/plugin/json", "teapot");
  assert.deepEqual([status, body], [418, '{"of":"a plugin"}']);
});

test("tasks that an around adds run after a plugin's reply", async () => {
  await ask("/plugin/json", "task");
  while (!notes.includes("task")) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(notes, ["/plugin/json 200", "task"]);
});

test("a plugin that takes the connection over is let", async () => {
  assert.equal((await ask("/plugin/hijacked")).body, "hijacked");
  while (notes.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(notes, ["/plugin/hijacked 200"]);
});

test("nothing of the app surrounds health probes and metrics", async () => {
  for (const path of ["/livez", "/metrics"]) {
    const { status, headers } = await ask(path, "refuse");
    assert.deepEqual([status, headers.get("x-passed")], [200, null], path);
  }
});
