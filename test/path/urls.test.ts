import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App, OffloopError, type OperationHandle, Router } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
import { openSocket } from "../fixtures/raw-socket.ts";
import rootedApp from "../fixtures/root-urls-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import app, { readItem } from "../fixtures/urls-app.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

const json = async (path: string, init?: RequestInit): Promise<unknown> =>
  (await fetch(server.url + path, init)).json();

eachLane("request.urlFor() gives whole URLs with the root path, values escaped", async (lane) => {
  const base = `${server.url}/api`;
  assert.deepEqual(await json(`/${lane}/url`), [
    `${base}/items/a%2Fb%20%C3%BC`,
    `${base}/files/a/b%20c.txt`,
    `${base}/both`,
    `${base}/admin/users/`,
    server.url,
  ]);
});

eachLane("request.urlFor() in a mounted app: its own operations first", async (lane) => {
  const base = `${server.url}/api`;
  assert.deepEqual(await json(`/api/admin/${lane}/url`), [
    `${base}/admin/both`,
    `${base}/admin/users/`,
    `${base}/items/7`,
  ]);
});

eachLane("request.urlFor() takes operations, wherever they are declared", async (lane) => {
  const base = `${server.url}/api`;
  assert.deepEqual(await json(`/${lane}/declared`), [
    `${base}/items/a%2Fb%20%C3%BC`,
    `${base}/files/a/b%20c.txt`,
    `${base}/both`,
    `${base}/admin/users/`,
    `${base}/admin/both`,
  ]);
  assert.deepEqual(await json(`/api/admin/${lane}/declared`), [`${base}/admin/both`, `${base}/both`]);
});

eachLane("request.urlFor() of an unknown name is a 500, and the log says which was meant", async (lane) => {
  assert.deepEqual(await json(`/${lane}/unknown`), { detail: "Internal Server Error" });
  const { err } = await server.logged(({ msg }) => msg.startsWith(`GET /${lane}/unknown failed`));
  assert.match(String((err as { stack: string }).stack), /OFFLOOP_URL_UNKNOWN[\s\S]*write "read_item"/);
});

eachLane("request.urlFor() works in error handlers and arounds", async (lane) => {
  const moved = await fetch(`${server.url}/${lane}/private`, { redirect: "manual" });
  assert.equal(moved.headers.get("location"), `${server.url}/api/both`);
  assert.equal((await fetch(`${server.url}/nothing`)).headers.get("link"), `${server.url}/api/both`);
});

eachLane(
  "request.origin and urlFor() say what a trusted proxy says, and nothing that a client says",
  async (lane) => {
    const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "shop.example" };
    assert.equal(((await json(`/${lane}/url`, { headers })) as string[])[4], server.url);
    await using behind = await testClient(app, { trustProxy: true });
    const urls = (await (await behind.get(`/${lane}/url`, { headers })).json()) as string[];
    assert.deepEqual([urls[2], urls[4]], ["https://shop.example/api/both", "https://shop.example"]);
  },
);

eachLane("request.urlFor() gives the path alone to a client that names no host", async (lane) => {
  const socket = await openSocket(server.url);
  socket.send(`GET /${lane}/url HTTP/1.0\r\n\r\n`);
  assert.match(await socket.ended(), /"\/api\/both","\/api\/admin\/users\/",""\]$/);
});

eachLane("request.urlFor() gives the path alone to a client whose Host is none", async (lane) => {
  await using behind = await testClient(app, { trustProxy: true, socket: true });
  for (const host of [
    "evil.example/.shop.example",
    "evil.example?.shop.example",
    "evil.example#.shop.example",
    "evil.example\\.shop.example",
    "shop.example:80@evil.example",
    "shop.example:port",
    "<b>.shop.example",
    "a b.shop.example",
    "[::1].shop.example",
  ]) {
    const plain = await openSocket(server.url);
    plain.send(`GET /${lane}/url HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(await plain.ended(), /"\/api\/both","\/api\/admin\/users\/",""\]$/, host);
    const forwarded = await behind.get(`/${lane}/url`, { headers: { "x-forwarded-host": host } });
    assert.equal(((await forwarded.json()) as string[])[4], "", host);
    const slashed = await openSocket(server.url);
    slashed.send(`GET /api/admin/users HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(await slashed.ended(), /location: http/i, host);
  }
});

eachLane("request.url is path and query, whatever origin a client writes before them", async (lane) => {
  for (const [sent, url] of [
    [`/${lane}/rest/a?b=//c`, `/${lane}/rest/a?b=//c`],
    [`http://evil.example/${lane}/rest/a`, `/${lane}/rest/a`],
    [`HTTPS://evil.example/api/${lane}/rest//evil.example/?x`, `/api/${lane}/rest//evil.example/?x`],
  ]) {
    const socket = await openSocket(server.url);
    socket.send(`GET ${sent} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
    const [, body = ""] = (await socket.ended()).split("\r\n\r\n");
    assert.deepEqual(JSON.parse(body), [url, "shop.example"], sent);
  }
});

eachLane(
  "request.urlFor() tells the root path from the paths of mounted apps, whatever they are",
  async (lane) => {
    await using client = await testClient(rootedApp);
    const paths = (urls: string[]): string[] => urls.map((url) => new URL(url).pathname);
    const expected = ["/shop/v1/home", "/shop/v1/v1/home"];
    for (const path of [`/${lane}/urls`, `/v1/${lane}/urls`])
      assert.deepEqual(paths((await (await client.get(path)).json()) as string[]), expected, path);
    await using socket = await client.websocket(`/live/${lane}/urls`);
    socket.send("?");
    assert.deepEqual(paths(await socket.receiveJson()), expected);
  },
);

test("app.urlFor() goes by operationId or the handler's name, and into what is mounted", () => {
  assert.equal(app.urlFor("read_item", { item_id: 7 }), "/items/7");
  assert.equal(app.urlFor("named", { a: "x-y", b: true }), "/named/x-y-true");
  assert.equal(app.urlFor("list_users"), "/admin/users/");
  assert.equal(app.urlFor("both"), "/both");
  assert.equal(app.urlFor("read_file", { "*": "" }), "/files/");
});

test("app.urlFor() takes an operation, with the prefix of its router and the path of its app", () => {
  const books = new Router({ prefix: "/shops/:shop" });
  const readBook = books.get("/books/:book", { params: { book: z.int() } }, async () => null);
  const both = books.route(["PUT", "PATCH"], "/books", async () => null);
  const inner = new App();
  inner.include(books);
  const outer = new App();
  outer.mount("/inner", inner);
  assert.equal(inner.urlFor(readBook, { shop: "tea", book: 7 }), "/shops/tea/books/7");
  assert.equal(outer.urlFor(readBook, { shop: "tea", book: 7 }), "/inner/shops/tea/books/7");
  assert.equal(inner.urlFor(both, { shop: "tea" }), "/shops/tea/books");
});

test("app.urlFor() refuses an operation of another app, and says where it is declared", () => {
  assert.throws(
    () => new App().urlFor(readItem, { item_id: 7 }),
    /Cannot make the URL of \/items\/:item_id: this app has no such operation\n {2}at test\/fixtures\/urls-app\.ts:/,
  );
  for (const wrong of [undefined, {}, 7])
    assert.throws(
      () => app.urlFor(wrong as unknown as OperationHandle),
      /Cannot make a URL: expected an operation or its name, got/,
    );
});

test("app.urlFor() of an operation refuses values that its path has no place for", () => {
  assert.throws(
    () => app.urlFor(readItem, { item_id: 7, more: 2 }),
    /Cannot make the URL of \/items\/:item_id: it has no "more"/,
  );
});

test("app.urlFor() knows what the router's syntax means", () => {
  const other = new App();
  other.get("/at/:id(^\\d+$)/x", { operationId: "regex" }, async () => null);
  other.get("/page/:n?", { operationId: "optional" }, async () => null);
  other.get("/a::b", { operationId: "colon" }, async () => null);
  assert.equal(other.urlFor("regex", { id: 3 }), "/at/3/x");
  assert.equal(other.urlFor("optional", { n: 3 }), "/page/3");
  assert.equal(other.urlFor("colon"), "/a:b");
});

test("app.urlFor() knows what was declared since it was last asked, wherever that is", () => {
  const outer = new App();
  const inner = new App();
  const router = new Router({ prefix: "/items" });
  const first = outer.get("/first", async () => 1);
  assert.equal(outer.urlFor(first), "/first");
  outer.include(router);
  assert.equal(
    outer.urlFor(
      router.get("/:id", async () => 1),
      { id: 7 },
    ),
    "/items/7",
  );
  outer.mount("/admin", inner);
  assert.equal(outer.urlFor(inner.get("/users", async () => 1)), "/admin/users");
  const live = inner.websocket("/live", async () => {});
  assert.equal(outer.urlFor(live), "/admin/live");
});

test("a parameter is read where the router reads it: after a colon, and with brackets in its brackets", async () => {
  const other = new App();
  other.get("/a:::x", async ({ params }) => params);
  other.get("/either/:id((?:ab|c)+)", async ({ params }) => params);
  await using client = await testClient(other);
  assert.deepEqual(await (await client.get("/a:7")).json(), { x: "7" });
  assert.deepEqual(await (await client.get("/either/abc")).json(), { id: "abc" });
  assert.throws(
    () => new App().get("/either/:id((?:ab|c)+)", { params: { ab: z.string() } as never }, async () => 1),
    {
      code: "OFFLOOP_PATH_INVALID",
    },
  );
});

test("app.urlFor() takes any text for a parameter, as clients send it in JSON", () => {
  const other = new App();
  const read = other.get("/:name", async () => 1);
  assert.equal(other.urlFor(read, { name: "\ud800" }), "/%EF%BF%BD");
});

test("app.urlFor() leaves out an optional parameter that has no value, with its slash", async () => {
  const other = new App();
  const page = other.get("/pages/:n?", async ({ params }) => params.n ?? "all");
  const day = other.get("/days/:month-:day?", async ({ params }) => params.month ?? "all");
  const root = other.get("/:anything?", async ({ params }) => params.anything ?? "all");
  assert.equal(other.urlFor(page), "/pages");
  assert.equal(other.urlFor(page, { n: undefined }), "/pages");
  assert.equal(other.urlFor(page, { n: 3 }), "/pages/3");
  assert.equal(other.urlFor(day), "/days");
  assert.equal(other.urlFor(root), "/");
  assert.throws(() => other.urlFor(day, { month: 3 }), /"day" is ""/);
  assert.throws(() => other.urlFor(page, { n: "" }), /"n" is ""/);
  await using client = await testClient(other);
  for (const url of [other.urlFor(page), other.urlFor(day), other.urlFor(root)])
    assert.equal(await (await client.get(url)).json(), "all");
});

for (const [what, name, params] of [
  ["an unknown name", "nothing", {}],
  ["a name too few", "read_item", {}],
  ["a name too many", "read_item", { item_id: 1, more: 2 }],
  ["an empty value", "read_item", { item_id: "" }],
  ["a value that a URL takes out", "read_item", { item_id: ".." }],
  ["a way up", "read_file", { "*": "a/../../b" }],
] as const)
  test(`app.urlFor() refuses ${what}`, () => {
    assert.throws(
      () => app.urlFor(name, params),
      (error) => error instanceof OffloopError && error.code === "OFFLOOP_URL_UNKNOWN",
    );
  });
