import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App, OffloopError } from "offloop";
import { type TestClient, testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import app from "../fixtures/proxied-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, running } from "../fixtures/running.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app, { rootPath: "/api/v1/" });
});
after(() => client.close());

const answer = async (path: string): Promise<unknown> => (await client.get(path)).json();

eachLane("rootPath: a proxy may cut it off, or leave it", async (lane) => {
  assert.deepEqual(await answer(`/${lane}/where?x=1`), [`/${lane}/where?x=1`, "/api/v1"]);
  assert.deepEqual(await answer(`/api/v1/${lane}/where?x=1`), [`/api/v1/${lane}/where?x=1`, "/api/v1"]);
  assert.deepEqual(await answer(`/api/v1/${lane}/query/ada?x=%20`), [
    "ada",
    `/api/v1/${lane}/query/ada?x=%20`,
  ]);
});

eachLane("rootPath: is cut off a whole URL, too, as a proxy may ask with one", async (lane) => {
  const served = await running(app, { rootPath: "/api/v1" });
  try {
    for (const root of ["/api/v1", ""]) {
      const raw = await openSocket(served.url);
      raw.send(`GET http://b${root}/${lane}/where?x=1 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n`);
      assert.match(await raw.ended(), new RegExp(`^HTTP/1\\.1 200 [^\0]*/${lane}/where\\?x=1","/api/v1"]$`));
    }
  } finally {
    await served.close();
  }
});

eachLane("rootPath: dependencies and error handlers are told, too", async (lane) => {
  assert.equal(await answer(`/api/v1/${lane}/plain`), "/api/v1");
  assert.equal(await answer(`/${lane}/fails`), "/api/v1");
});

eachLane("rootPath: the client is sent where the proxy finds it", async (lane) => {
  for (const path of [`/${lane}/slash`, `/api/v1/${lane}/slash`]) {
    const { status, headers } = await client.get(`${path}?x=1`);
    assert.equal(status, 307);
    assert.equal(headers.get("location"), `http://testserver/api/v1/${lane}/slash/?x=1`);
  }
});

eachLane("rootPath: one with letters of any language is sent as URLs have it", async (lane) => {
  for (const rootPath of ["/é/中", "/%C3%A9/%E4%B8%AD"]) {
    await using other = await testClient(app, { rootPath });
    for (const path of [`/${lane}/slash`, `/%C3%A9/%E4%B8%AD/${lane}/slash`]) {
      const { status, headers } = await other.get(path);
      assert.deepEqual(
        [status, headers.get("location")],
        [307, `http://testserver/%C3%A9/%E4%B8%AD/${lane}/slash/`],
      );
    }
  }
});

test("rootPath: the log says what was asked for", async () => {
  const log = memoryLog();
  await using logged = await testClient(app, { rootPath: "/api", logger: log.logger });
  await logged.get("/api/loop/where?x=1");
  assert.equal(await log.find(/where/), "GET /api/loop/where?x=1 200");
});

test("rootPath: is cut off whole names only", async () => {
  for (const path of ["/api/v1", "/api/v1/", "/api/v1?x=1", "/"]) assert.equal(await answer(path), "root");
  for (const path of ["/api/v10", "/api/v1x/where", "/api", "/API/V1/"])
    assert.equal((await client.get(path)).status, 404, path);
  assert.equal(await answer("/api/own"), "own");
  assert.equal(await answer("/api/v1/api/own"), "own");
});

test("rootPath: document and pages are found with it and without it, and name it", async () => {
  for (const path of ["/openapi.json", "/api/v1/openapi.json"]) {
    const { servers } = (await answer(path)) as { servers: unknown };
    assert.deepEqual(servers, [{ url: "/api/v1" }]);
  }
  for (const path of ["/docs", "/api/v1/docs"])
    assert.match(await (await client.get(path)).text(), /src="\/api\/v1\/docs\/swagger-ui-bundle\.js"/);
});

test("rootPath: the value given where an app is served takes precedence over its own", async () => {
  const own = new App({ rootPath: "/own" });
  own.get("/", async ({ request }) => request.rootPath);
  await using first = await testClient(own);
  assert.equal(await (await first.get("/own/")).json(), "/own");
  await using second = await testClient(own, { rootPath: "" });
  assert.equal(await (await second.get("/")).json(), "");
  assert.equal((await second.get("/own/")).status, 404);
});

test("rootPath: refuses anything but a path", async () => {
  for (const rootPath of ["api", "/a b", "/a?b", "https://x.example/api", 1 as never])
    await assert.rejects(
      testClient(new App({ rootPath })),
      (error) => error instanceof OffloopError && error.code === "OFFLOOP_OPTION_INVALID",
    );
});
