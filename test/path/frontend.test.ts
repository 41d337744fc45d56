import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { App, HTTPError, OffloopError, serve } from "offloop";
import { type TestClient, testClient } from "offloop/testing";
import { createClient } from "../fixtures/client.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { openSocket } from "../fixtures/raw-socket.ts";

const PAGE = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
let folder: string;

function write(path: string, content: string | Buffer): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

before(() => {
  folder = join(mkdtempSync(join(tmpdir(), "offloop-front-")), "dist");
  write("index.html", "<title>index</title>");
  write("assets/index-BqX7Q2aL.js", "console.log('built')");
  write("assets/index-BqX7Q2aL.js.gz", gzipSync("console.log('built')"));
  write("assets/index-BqX7Q2aL.js.br", "not really brotli");
  write("assets/logo-original.png", "unhashed");
  write("main.8e4f2c1b.css", "a {}");
  write("favicon.ico", "icon");
  write("a name é.txt", "named");
  write("guide/index.html", "<title>guide</title>");
  write("empty/file.txt", "in a folder without a page");
  write(".env", "SECRET=1");
  write(".well-known/x", "hidden");
  write("../outside.txt", "outside");
  symlinkSync(join(folder, "../outside.txt"), join(folder, "link.txt"));
  symlinkSync(join(folder, ".."), join(folder, "up"));
  symlinkSync(join(folder, "favicon.ico"), join(folder, "inner-link.ico"));
});
after(() => rmSync(dirname(folder), { recursive: true }));

function createApp(options: Parameters<App["frontend"]>[2] = {}): App {
  const app = new App();
  app.get("/api/items", async () => ["item"]);
  app.post("/only-post", async () => "posted");
  app.get("/missing", async () => {
    throw new HTTPError(404, "No such item");
  });
  app.frontend("/", folder, options);
  return app;
}

async function withClient(app: App, body: (client: TestClient) => Promise<void>): Promise<void> {
  for (const socket of [false, true]) {
    await using client = await testClient(app, { socket });
    await body(client);
  }
}

async function answer(
  client: TestClient,
  path: string,
  headers: Record<string, string> = {},
): Promise<unknown[]> {
  const response = await client.get(path, { headers });
  return [response.status, response.headers.get("content-type"), await response.text()];
}

const NOT_FOUND = [404, "application/json", '{"detail":"Not Found"}'];

test("frontend(): the files of a folder by their paths, its pages, and its index for what a browser goes to", async () => {
  await withClient(createApp(), async (client) => {
    const index = [200, "text/html; charset=utf-8", "<title>index</title>"];
    assert.deepEqual(await answer(client, "/"), index);
    assert.deepEqual(await answer(client, "/index.html"), index);
    assert.deepEqual(await answer(client, "/users/7?tab=1", PAGE), index);
    assert.deepEqual(await answer(client, "/favicon.ico").then(([status, , text]) => [status, text]), [
      200,
      "icon",
    ]);
    assert.deepEqual(await answer(client, "/a%20name%20%C3%A9.txt"), [
      200,
      "text/plain; charset=utf-8",
      "named",
    ]);
    assert.deepEqual(await answer(client, "/guide/"), [
      200,
      "text/html; charset=utf-8",
      "<title>guide</title>",
    ]);
    const guide = await client.get("/guide?a=1", { headers: PAGE });
    assert.equal(guide.status, 307);
    assert.match(guide.headers.get("location") ?? "", /^http:\/\/[^/]+\/guide\/\?a=1$/);
  });
});

test("frontend(): what is not a page stays the JSON of a 404, and operations come first", async () => {
  await withClient(createApp(), async (client) => {
    assert.deepEqual(await answer(client, "/api/items", PAGE), [200, "application/json", '["item"]']);
    assert.deepEqual(await answer(client, "/api/unknown"), NOT_FOUND);
    assert.deepEqual(await answer(client, "/api/unknown", { accept: "application/json" }), NOT_FOUND);
    assert.deepEqual(await answer(client, "/x", { accept: "text/html;q=0, */*" }), NOT_FOUND);
    assert.deepEqual(await answer(client, "/assets/gone.js", { accept: "*/*" }), NOT_FOUND);
    assert.deepEqual(await answer(client, "/missing", PAGE), [
      404,
      "application/json",
      '{"detail":"No such item"}',
    ]);
    assert.equal((await client.get("/only-post", { headers: PAGE })).status, 405);
    assert.deepEqual(await answer(client, "/api/items/"), [307, null, ""]);
    assert.equal((await client.get("/docs")).status, 200);
    const posted = await client.post("/favicon.ico");
    assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
    assert.equal((await client.post("/nothing", { headers: PAGE })).status, 404);
  });
});

test("frontend(): hashed names are cached for a year, everything else is revalidated", async () => {
  await withClient(createApp(), async (client) => {
    const caching = async (path: string): Promise<string | null> =>
      (await client.get(path, { headers: PAGE })).headers.get("cache-control");
    const immutable = "public, max-age=31536000, immutable";
    assert.equal(await caching("/assets/index-BqX7Q2aL.js"), immutable);
    assert.equal(await caching("/main.8e4f2c1b.css"), immutable);
    for (const path of ["/", "/some/page", "/favicon.ico", "/assets/logo-original.png", "/guide/"])
      assert.equal(await caching(path), "no-cache", path);
  });
});

test("frontend(): tags, ranges, HEAD and what was compressed beforehand", async () => {
  await withClient(createApp(), async (client) => {
    const whole = await client.get("/favicon.ico");
    const etag = whole.headers.get("etag") ?? "";
    const same = await client.get("/favicon.ico", { headers: { "if-none-match": etag } });
    assert.deepEqual([same.status, await same.text()], [304, ""]);
    const part = await client.get("/favicon.ico", { headers: { range: "bytes=1-2" } });
    assert.deepEqual(
      [part.status, part.headers.get("content-range"), await part.text()],
      [206, "bytes 1-2/4", "co"],
    );
    const head = await client.head("/favicon.ico");
    assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "4", ""]);
    assert.equal((await client.head("/a/page", { headers: PAGE })).status, 200);
  });
  await using client = await testClient(createApp(), { socket: true });
  const plain = createClient(client.url);
  const script = "/assets/index-BqX7Q2aL.js";
  const [none, gzip, br, refused] = await Promise.all(
    ["identity", "gzip, deflate", "gzip, br", "br;q=0, gzip;q=0.0"].map((encoding) =>
      plain.ask(script, { headers: { "accept-encoding": encoding } }),
    ),
  );
  plain.close();
  assert.deepEqual([none?.headers["content-encoding"], none?.headers.vary], [undefined, "Accept-Encoding"]);
  assert.equal(gzip?.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(gzip?.body ?? "").toString(), "console.log('built')");
  assert.deepEqual([br?.headers["content-encoding"], br?.body.toString()], ["br", "not really brotli"]);
  assert.equal(br?.headers["content-type"], none?.headers["content-type"]);
  assert.match(String(br?.headers["content-type"]), /javascript; charset=utf-8$/);
  assert.notEqual(br?.headers.etag, gzip?.headers.etag);
  assert.equal(refused?.headers["content-encoding"], undefined);
});

test("frontend(): what a range beyond the end, or another version, is answered with says nothing of the file", async () => {
  await using client = await testClient(createApp(), { socket: true });
  const plain = createClient(client.url);
  const packed = { "accept-encoding": "gzip" };
  for (const [status, headers] of [
    [416, { range: "bytes=1000-" }],
    [412, { "if-match": '"another"' }],
  ] as const) {
    const answer = await plain.ask("/assets/index-BqX7Q2aL.js", { headers: { ...packed, ...headers } });
    assert.equal(answer.status, status);
    const { "content-encoding": encoding, "cache-control": caching } = answer.headers;
    assert.deepEqual([encoding, caching], [undefined, undefined]);
    assert.match(answer.body.toString(), /^\{"detail":/);
  }
  plain.close();
});

test("frontend(): hidden names, links that lead out, traversal and bad encodings are not found", async () => {
  await using client = await testClient(createApp({ fallback: null }), { socket: true });
  for (const path of [
    "/.env",
    "/.well-known/x",
    "/link.txt",
    "/up/outside.txt",
    "/up/",
    "/empty/",
    "/favicon.ico/x",
    "/%2e%2e/outside.txt",
    "/assets/%2e%2e/%2e%2e/outside.txt",
    "/..%2foutside.txt",
    "/..%5coutside.txt",
    "/favicon.ico%00.txt",
    `/${"x".repeat(5_000)}`,
  ])
    assert.deepEqual(await answer(client, path), NOT_FOUND, path.slice(0, 60));
  assert.equal((await client.get("/inner-link.ico")).status, 200, "a link within the folder");
  for (const path of ["/../outside.txt", "//../outside.txt", "/assets/../../outside.txt"]) {
    const raw = await openSocket(client.url);
    raw.send(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const text = await raw.ended();
    assert.match(text, /^HTTP\/1\.1 404 /, path);
    assert.doesNotMatch(text, /outside$/);
  }
});

test("frontend(): fallback says what answers a page that is not there", async () => {
  write("404.html", "<title>lost</title>");
  try {
    const lost = [404, "text/html; charset=utf-8", "<title>lost</title>"];
    for (const fallback of [undefined, "auto", "404.html"] as const)
      await withClient(createApp(fallback === undefined ? {} : { fallback }), async (client) => {
        assert.deepEqual(await answer(client, "/users/7", PAGE), lost);
        assert.deepEqual(await answer(client, "/users/7"), NOT_FOUND);
      });
    await using index = await testClient(createApp({ fallback: "index.html" }));
    assert.equal((await answer(index, "/users/7", PAGE))[0], 200);
    await using none = await testClient(createApp({ fallback: null }));
    assert.deepEqual(await answer(none, "/users/7", PAGE), NOT_FOUND);
  } finally {
    rmSync(join(folder, "404.html"));
  }
});

test("frontend(): of several the longest path answers, under a root path and in a mounted app too", async () => {
  const app = new App({ rootPath: "/base" });
  app.frontend("/", folder);
  app.frontend("/admin", join(folder, "guide"));
  const inner = new App();
  inner.frontend("/ui", join(folder, "guide"));
  app.mount("/inner", inner);
  await withClient(app, async (client) => {
    const title = async (path: string): Promise<unknown> => (await answer(client, path, PAGE))[2];
    assert.equal(await title("/admin/"), "<title>guide</title>");
    assert.equal(await title("/admin/deep/page"), "<title>guide</title>");
    assert.equal(await title("/base/administrators"), "<title>index</title>");
    assert.equal(await title("/inner/ui/page"), "<title>guide</title>");
    assert.deepEqual(await answer(client, "/inner/page", PAGE), NOT_FOUND);
    assert.match((await client.get("/admin")).headers.get("location") ?? "", /\/base\/admin\/$/);
  });
});

test("frontend(): a path that nothing could be found under is refused as that of a front end", () => {
  assert.throws(() => new App().frontend("/site/", folder), {
    code: "OFFLOOP_PATH_INVALID",
    message: /^Cannot serve a front end at "\/site\/"\n {2}at .*frontend\.test\.ts:/,
  });
});

test("frontend(): a folder or a fallback that is not there is an error that names it when the app is served", async () => {
  const refusal = async (declare: (app: App) => void): Promise<OffloopError> => {
    const app = new App();
    try {
      declare(app);
      await (await serve(app, { port: 0, signals: false })).close();
    } catch (error) {
      assert.ok(error instanceof OffloopError);
      return error;
    }
    throw new assert.AssertionError({ message: "nothing was refused" });
  };
  const gone = await refusal((app) => app.frontend("/", join(folder, "gone")));
  assert.equal(gone.code, "OFFLOOP_FRONTEND_FOLDER");
  assert.ok(gone.message.includes(`Cannot serve a front end at /: ${join(folder, "gone")} is not a folder`));
  assert.match(String(gone.at?.file), /frontend\.test\.ts$/);
  const page = await refusal((app) => app.frontend("/a", folder, { fallback: "404.html" }));
  assert.ok(page.message.includes(`there is no 404.html in ${folder}`));
  assert.equal((await refusal((app) => app.frontend("a", folder))).code, "OFFLOOP_PATH_INVALID");
  assert.equal((await refusal((app) => app.frontend("/:id", folder))).code, "OFFLOOP_PATH_INVALID");
  const fallback = "spa" as "auto";
  assert.equal(
    (await refusal((app) => app.frontend("/", folder, { fallback }))).code,
    "OFFLOOP_OPTION_INVALID",
  );
  const html = { html: true } as object;
  assert.equal((await refusal((app) => app.frontend("/", folder, html))).code, "OFFLOOP_OPTION_UNKNOWN");
});

test("frontend(): a folder that is not built yet is a warning in the test client, and its paths are 404", async () => {
  const log = memoryLog();
  const app = new App();
  app.frontend("/", join(folder, "gone"));
  app.get("/there", async () => "there");
  await using client = await testClient(app, { logger: log.logger });
  await log.find(/^OFFLOOP_FRONTEND_FOLDER: Cannot serve a front end at \/: .*gone is not a folder/);
  assert.equal(await (await client.get("/there")).json(), "there");
  assert.equal((await client.get("/page", { headers: { accept: "text/html" } })).status, 404);
});
