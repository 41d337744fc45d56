import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, type AppOptions, OffloopError, type Server, serve } from "offloop";

/** Serves an app while something is asked of it. */
async function serving(app: App, ask: (url: string, server: Server) => Promise<void>): Promise<void> {
  const server = await serve(app, { port: 0, logLevel: "silent", signals: false });
  try {
    await ask(server.url, server);
  } finally {
    await server.close();
  }
}

async function status(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, { redirect: "manual", ...init });
  await response.arrayBuffer();
  return response.status;
}

const everything = [
  "/openapi.json",
  "/docs",
  "/docs/oauth2-redirect",
  "/docs/swagger-ui-initializer.js",
  "/docs/swagger-ui.css",
  "/docs/swagger-ui-bundle.js",
  "/docs/oauth2-redirect.js",
  "/docs/favicon-32x32.png",
  "/redoc",
  "/redoc/redoc.standalone.js",
];

/** Which of the documentation's default paths an app answers. */
async function answered(options: AppOptions): Promise<string[]> {
  const found: string[] = [];
  await serving(new App(options), async (url) => {
    for (const path of everything) if ((await status(url + path)) === 200) found.push(path);
  });
  return found;
}

describe("the documentation of a served app", () => {
  test("is the document, both pages and all their files", async () => {
    assert.deepEqual(await answered({}), everything);
  });

  test("is absent without openapiUrl, null or empty", async () => {
    assert.deepEqual(await answered({ openapiUrl: null }), []);
    assert.deepEqual(await answered({ openapiUrl: "" }), []);
  });

  test("does not have the page that is turned off", async () => {
    assert.deepEqual(
      (await answered({ docsUrl: null })).filter((path) => path.startsWith("/docs")),
      [],
    );
    assert.deepEqual(
      (await answered({ redocUrl: null })).filter((path) => path.startsWith("/redoc")),
      [],
    );
  });

  test("moves to the paths that are given", async () => {
    const app = new App({ openapiUrl: "/api/v1/openapi.json", docsUrl: "/", redocUrl: "/read/" });
    await serving(app, async (url) => {
      assert.equal(await status(`${url}/openapi.json`), 404);
      assert.equal(await status(`${url}/api/v1/openapi.json`), 200);
      const page = await (await fetch(url)).text();
      assert.match(page, /href="\/swagger-ui\.css"/);
      assert.equal(await status(`${url}/swagger-ui.css`), 200);
      const redoc = await (await fetch(`${url}/read/`)).text();
      assert.match(redoc, /spec-url="\/api\/v1\/openapi\.json"/);
      assert.match(redoc, /src="\/read\/redoc\.standalone\.js"/);
      assert.equal(await status(`${url}/read/redoc.standalone.js`), 200);
    });
  });

  test("leaves a path to the operation that answers it", async () => {
    const app = new App();
    app.get("/docs", async () => "mine");
    app.get("/:anything", async () => "any");
    await serving(app, async (url) => {
      assert.equal(await (await fetch(`${url}/docs`)).json(), "mine");
      assert.match(await (await fetch(`${url}/redoc`)).text(), /ReDoc/);
    });
  });

  test("leaves a path to what is mounted, to what it is mounted in, to a plugin and to metrics", async () => {
    const mounted = new App();
    mounted.get("/redoc.standalone.js", async () => "mounted");
    const app = new App();
    app.mount("/redoc", mounted);
    app.get("/redoc/docs", async () => "outer");
    // biome-ignore lint/suspicious/noExplicitAny: Fastify's own types are not for users of offloop
    app.register(async (fastify: any) => fastify.get("/docs", async () => "plugin"));
    const server = await serve(app, { port: 0, logLevel: "silent", metrics: { path: "/openapi.json" } });
    const text = async (path: string): Promise<string> => (await fetch(server.url + path)).text();
    assert.equal(await text("/redoc/redoc.standalone.js"), '"mounted"');
    assert.equal(await text("/redoc/docs"), '"outer"');
    assert.equal(await text("/docs"), "plugin");
    assert.match(await text("/openapi.json"), /^# HELP/);
    assert.match(await text("/redoc"), /ReDoc/);
    await server.close();
  });

  test("answers other methods with 405, and a path with one slash too many with a redirect", async () => {
    await serving(new App(), async (url) => {
      assert.equal(await status(`${url}/docs`, { method: "POST" }), 405);
      assert.equal(await status(`${url}/docs/`), 307);
      assert.equal(await status(`${url}/docs`, { method: "HEAD" }), 200);
    });
  });

  test("gives the document as JSON, and nothing to those who have it", async () => {
    await serving(new App({ title: "Shop" }), async (url) => {
      const response = await fetch(`${url}/openapi.json`);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.equal(((await response.json()) as { info: { title: string } }).info.title, "Shop");
      const etag = response.headers.get("etag") ?? "";
      for (const known of [etag, `W/${etag}`, `"old", W/${etag}`, "*"])
        assert.equal(await status(`${url}/openapi.json`, { headers: { "if-none-match": known } }), 304);
      assert.equal(await status(`${url}/openapi.json`, { headers: { "if-none-match": '"old"' } }), 200);
    });
  });

  test("is built at the first request, once", async () => {
    let built = 0;
    const app = new App({
      openapi: (document) => {
        built++;
        return document;
      },
    });
    await serving(app, async (url) => {
      assert.equal(built, 0);
      await Promise.all([1, 2, 3].map(() => status(`${url}/openapi.json`)));
      assert.equal(built, 1);
    });
  });

  test("that cannot be built is a 500 without internals, and is tried again", async () => {
    let asked = 0;
    const app = new App({
      openapi: (document) => {
        if (asked++ === 0) throw new Error("secret");
        return document;
      },
    });
    await serving(app, async (url) => {
      const failed = await fetch(`${url}/openapi.json`);
      assert.equal(failed.status, 500);
      assert.deepEqual(await failed.json(), { detail: "Internal Server Error" });
      assert.equal(await status(`${url}/openapi.json`), 200);
    });
  });

  test("writes the proxy's path into its pages, and nothing of the title as markup", async () => {
    const app = new App({
      title: 'A<b>"&',
      rootPath: "/api/",
      swaggerUiParameters: { docExpansion: "none" },
    });
    await serving(app, async (url) => {
      const page = await (await fetch(`${url}/docs`)).text();
      assert.match(page, /<title>A&lt;b&gt;&quot;&amp; - Swagger UI<\/title>/);
      assert.match(page, /src="\/api\/docs\/swagger-ui-bundle\.js"/);
      const script = await (await fetch(`${url}/docs/swagger-ui-initializer.js`)).text();
      assert.match(script, /"url": "\/api\/openapi\.json"/);
      assert.match(script, /"docExpansion": "none"/);
      assert.doesNotMatch(script, /initOAuth/);
    });
  });

  for (const name of ["openapiUrl", "docsUrl", "redocUrl"] as const) {
    test(`refuses ${name} without a first slash`, async () => {
      await assert.rejects(
        serve(new App({ [name]: "docs" }), { port: 0, logLevel: "silent", signals: false }),
        (error) => error instanceof OffloopError && error.code === "OFFLOOP_OPTION_INVALID",
      );
    });
  }
});
