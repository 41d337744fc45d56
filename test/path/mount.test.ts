import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App, HTTPError } from "offloop";
import { override, type TestClient, testClient } from "offloop/testing";
import app, { opened, sub, word } from "../fixtures/mounted-app.ts";
import { eachLane } from "../fixtures/running.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app, { socket: true });
});
after(() => client.close());

async function answer(path: string, method = "GET"): Promise<[number, unknown]> {
  const response = await client.request(method, path);
  return [response.status, await response.json()];
}

eachLane("mount() has the other app answer under its path, however deep and however often", async (lane) => {
  assert.deepEqual(await answer(`/sub/${lane}/where?x=1`), [200, [`/sub/${lane}/where?x=1`, "/sub"]]);
  assert.deepEqual(await answer(`/sub/deep/${lane}/where`), [200, [`/sub/deep/${lane}/where`, "/sub/deep"]]);
  assert.deepEqual(await answer(`/other/deep/${lane}/where`), [
    200,
    [`/other/deep/${lane}/where`, "/other/deep"],
  ]);
});

eachLane("a mounted app has its own dependencies, parameters and tasks", async (lane) => {
  assert.deepEqual(await answer(`/sub/${lane}/word`), [200, "of sub"]);
  assert.deepEqual(await answer(`/sub/${lane}/shout`), [200, "QUIET"]);
  assert.deepEqual(await answer(`/sub/${lane}/items/3`), [200, { id: 3 }]);
});

eachLane("a mounted app reads bodies and sends models of its own", async (lane) => {
  const posted = await client.post(`/sub/${lane}/items/`, { json: { size: 3, more: true } });
  assert.deepEqual([posted.status, await posted.json()], [200, { size: 3 }]);
  const refused = await client.post(`/sub/${lane}/items/`, { json: {} });
  assert.deepEqual([refused.status, await refused.json()], [422, "sub's 422"]);
});

eachLane("each app answers its own errors", async (lane) => {
  assert.deepEqual(await answer(`/sub/${lane}/teapot`), [500, "sub's teapot"]);
  assert.deepEqual(await answer(`/${lane}/teapot`), [500, "the served app's teapot"]);
  assert.deepEqual(await answer(`/sub/${lane}/items/x`), [422, "sub's 422"]);
});

eachLane(
  "what a mounted app does not answer is not found there, whatever the other app has",
  async (lane) => {
    assert.deepEqual(await answer(`/${lane}/one/two`), [403, { detail: "refused by the served app" }]);
    assert.deepEqual(await answer(`/sub/${lane}/nothing`), [404, { sub: "Not Found" }]);
    assert.deepEqual(await answer(`/sub/${lane}/nothing`, "DELETE"), [404, { sub: "Not Found" }]);
    assert.deepEqual(await answer(`/sub/deep/${lane}/nothing`), [404, { detail: "Not Found" }]);
    assert.deepEqual(await answer(`/sub/${lane}/items/`, "PATCH"), [405, { sub: "Method Not Allowed" }]);
  },
);

eachLane("the last slash is mended within a mounted app", async (lane) => {
  const moved = async (path: string): Promise<unknown> => (await client.get(path)).headers.get("location");
  assert.equal(await moved(`/sub/${lane}/items?x=1`), `${client.url}/sub/${lane}/items/?x=1`);
  assert.equal(await moved(`/sub/${lane}/where/`), `${client.url}/sub/${lane}/where`);
  assert.equal(await moved(`/%73ub/${lane}/items`), `${client.url}/%73ub/${lane}/items/`);
  assert.equal(await moved("/sub"), `${client.url}/sub/`);
  assert.equal(await moved("/sub/deep?x=1"), `${client.url}/sub/deep/?x=1`);
  assert.equal(await moved("/other/deep"), `${client.url}/other/deep/`);
});

test("a path may have letters of any language, and a root before it", async () => {
  const outer = new App({ rootPath: "/api" });
  const inner = new App();
  inner.get("/slash/", async () => "slash");
  outer.mount("/é", inner);
  await using other = await testClient(outer);
  assert.equal(await (await other.get(`/%C3%A9/slash/`)).json(), "slash");
  for (const [path, to] of [
    [`/%C3%A9/slash?x=1`, `/%C3%A9/slash/?x=1`],
    ["/api/%C3%A9", "/%C3%A9/"],
  ] as const)
    assert.equal((await other.get(path)).headers.get("location"), `http://testserver/api${to}`);
});

eachLane("plugins reach what is mounted, not what it is mounted in", async (lane) => {
  const seen = async (path: string): Promise<(string | null)[]> => {
    const { headers } = await client.get(path);
    return [headers.get("x-main"), headers.get("x-sub")];
  };
  assert.deepEqual(await seen(`/sub/${lane}/word`), ["seen", "seen"]);
  assert.deepEqual(await seen(`/sub/deep/${lane}/where`), ["seen", "seen"]);
  assert.deepEqual(await seen(`/other/deep/${lane}/where`), ["seen", null]);
  assert.deepEqual(await seen(`/${lane}/teapot`), ["seen", null]);
});

interface Document {
  readonly info: unknown;
  readonly servers?: unknown;
  readonly paths: Readonly<Record<string, unknown>>;
}

test("each app has its own document and pages", async () => {
  const document = async (path: string): Promise<Document> =>
    (await (await client.get(path)).json()) as Document;
  const inner = await document("/sub/openapi.json");
  assert.deepEqual(inner.info, { title: "Sub", version: "0.1.0" });
  assert.deepEqual(inner.servers, [{ url: "/sub" }]);
  assert.deepEqual(
    Object.keys(inner.paths).filter((path) => path.startsWith("/loop/i")),
    ["/loop/items/{id}", "/loop/items/"],
  );
  const outer = await document("/openapi.json");
  assert.equal("servers" in outer, false);
  assert.equal("/loop/items/{id}" in outer.paths, false);
  assert.deepEqual((await document("/sub/deep/openapi.json")).servers, [{ url: "/sub/deep" }]);
  assert.match(await (await client.get("/sub/docs")).text(), /src="\/sub\/docs\/swagger-ui-bundle\.js"/);
  assert.equal((await client.get("/sub/docs/swagger-ui-bundle.js")).status, 200);
  assert.match(
    await (await client.get("/sub/docs/swagger-ui-initializer.js")).text(),
    /"url": "\/sub\/openapi\.json"/,
  );
});

test("lifespans of both open and close, the served app's outside", async () => {
  opened.length = 0;
  const other = await testClient(app);
  assert.deepEqual(opened, ["main opens", "sub opens"]);
  await other.close();
  assert.deepEqual(opened.slice(2), ["sub closes", "main closes"]);
});

eachLane("what overrides a dependency reaches what is mounted", async (lane) => {
  await using other = await testClient(app, { overrides: [override(word, "a test's")] });
  assert.equal(await (await other.get(`/sub/${lane}/word`)).json(), "a test's");
});

eachLane("an app that is mounted is also served alone", async (lane) => {
  const module = new URL("../fixtures/mounted-app.ts#sub", import.meta.url);
  await using alone = await testClient(module);
  assert.deepEqual(await (await alone.get(`/${lane}/where`)).json(), [`/${lane}/where`, ""]);
  assert.equal(await (await alone.get(`/${lane}/teapot`)).json(), "sub's teapot");
  assert.equal(sub.title, "Sub");
});

test("a mounted app may answer everything itself", async () => {
  const page = new App();
  page.get("/", async () => "its root");
  page.get("/*", async ({ params }) => params["*"]);
  const outer = new App();
  outer.mount("/page", page);
  await using other = await testClient(outer);
  assert.equal(await (await other.get("/page/")).json(), "its root");
  assert.equal(await (await other.get("/page/a/b")).json(), "a/b");
  assert.equal((await other.post("/page/a/b")).status, 405);
});

test("a plugin of a mounted app may answer everything, too", async () => {
  // biome-ignore lint/suspicious/noExplicitAny: Fastify's own types are not for users of offloop
  const files = async (fastify: any): Promise<void> => {
    fastify.get("/*", async () => "a file");
    fastify.get("/missing", (_request: unknown, reply: { callNotFound(): void }) => reply.callNotFound());
  };
  const assets = new App();
  assets.register(files);
  assets.onError(HTTPError, async ({ detail }) => ({ assets: detail }));
  const outer = new App();
  outer.mount("/assets", assets);
  await using other = await testClient(outer);
  assert.equal(await (await other.get("/assets/a/b")).text(), "a file");
  const missing = await other.get("/assets/missing");
  assert.deepEqual([missing.status, await missing.json()], [404, { assets: "Not Found" }]);
  assert.equal((await other.post("/assets/a/b")).status, 404);
});

test("a plugin of a mounted app may answer every method", async () => {
  // biome-ignore lint/suspicious/noExplicitAny: Fastify's own types are not for users of offloop
  const everything = async (fastify: any): Promise<void> => fastify.all("/*", async () => "anything");
  const proxy = new App({ openapiUrl: null });
  proxy.register(everything);
  const outer = new App();
  outer.mount("/proxy", proxy);
  await using other = await testClient(outer);
  for (const method of ["GET", "POST", "DELETE", "OPTIONS"])
    assert.equal(await (await other.request(method, "/proxy/a")).text(), "anything");
});
