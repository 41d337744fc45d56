import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, event, html, param, Router, text } from "offloop";
import { apiKeyHeader } from "offloop/security";
import { testClient } from "offloop/testing";
import { z } from "zod";

/** What an option is in an app whose configuration leaves it open. */
const unset = undefined;

function described(): App {
  const app = new App({ title: unset, openapiTags: unset, contact: unset, servers: unset, prefix: unset });
  const router = new Router({
    prefix: "/items",
    tags: unset,
    deprecated: unset,
    hidden: unset,
    responses: unset,
  });
  const scheme = apiKeyHeader("x-key", { schemeName: unset, description: unset, autoError: unset });
  router.get(
    "/",
    {
      query: {
        page: param(param(z.int(), { alias: "p" }), { alias: unset, deprecated: unset, hidden: unset }),
      },
      deps: {
        key: depends({ scope: unset, cache: unset, runs: unset, deps: { scheme } }, async () => "key"),
      },
      ...{ status: unset, summary: unset, operationId: unset, responseMediaType: unset, examples: unset },
      ...{ timeoutMs: unset, maxBodyBytes: unset, runs: unset, tags: unset, externalDocs: unset },
    },
    async ({ query }) => query.page,
  );
  app.include(router);
  return app;
}

async function documentOf(app: App): Promise<string> {
  await using client = await testClient(app);
  return (await client.get("/openapi.json")).text();
}

test("an option that is undefined is documented as one that is left out", async () => {
  const app = new App();
  const router = new Router({ prefix: "/items" });
  router.get(
    "/",
    {
      query: { page: param(z.int(), { alias: "p" }) },
      deps: { key: depends({ deps: { scheme: apiKeyHeader("x-key") } }, async () => "key") },
    },
    async ({ query }) => query.page,
  );
  app.include(router);
  assert.equal(await documentOf(described()), await documentOf(app));
});

test("a setting that is undefined has its default", async () => {
  const settings = {
    maxBodyBytes: unset,
    rootPath: unset,
    trustProxy: unset,
    shutdownGraceMs: unset,
  } as const;
  const app = new App({
    ...settings,
    threads: { max: unset, priority: unset, resourceLimits: unset },
    timeouts: { operationMs: unset },
    watch: { thresholdMs: unset, onBlock: unset },
    log: { secrets: unset },
    session: { secret: "an example secret of 32 letters.", cookie: unset, path: unset, sameSite: unset },
  });
  app.get("/", async ({ session }) => {
    session.seen = true;
    return "ok";
  });
  await using client = await testClient(app, { headers: unset, logger: unset, overrides: unset });
  const response = await client.get("/", { query: unset, headers: unset, signal: unset });
  assert.match(
    response.headers.get("set-cookie") ?? "",
    /^session=\S+; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/i,
  );
});

test("an option of a reply or a cookie that is undefined has its default", async () => {
  const app = new App();
  app.get("/html", async () => html("<p>a</p>", { status: unset, headers: unset }));
  app.get("/text", async () => text("a", { status: unset }));
  app.get("/cookie", async ({ response }) => {
    response.setCookie("a", "1", {
      path: unset,
      sameSite: unset,
      secure: unset,
      maxAge: unset,
      domain: unset,
    });
    return event({ text: "a", id: unset, retry: unset }) && null;
  });
  await using client = await testClient(app);
  assert.deepEqual([(await client.get("/html")).status, (await client.get("/text")).status], [200, 200]);
  const { headers } = await client.get("/cookie");
  assert.equal(headers.get("set-cookie"), "a=1; Path=/; SameSite=Lax");
});

test("an option of a task or a job that is undefined has its default", async () => {
  const app = new App();
  const noted: string[] = [];
  const note = app.task(
    "note",
    { durable: { retries: unset, backoffMs: unset, concurrency: unset }, runs: unset, timeoutMs: unset },
    async (line: string) => void noted.push(line),
  );
  app.post("/", async () => ({
    id: await note.with({ key: unset, delayMs: unset, at: unset, priority: unset }).enqueue("a"),
  }));
  await using client = await testClient(app);
  await client.post("/");
  await client.jobs.drain();
  assert.deepEqual(noted, ["a"]);
});
