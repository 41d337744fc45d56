import assert from "node:assert/strict";
import { test } from "node:test";
import { App, Router } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";
import {
  app,
  Item,
  needsForm,
  needsJson,
  needsKey,
  needsMore,
  through,
} from "../fixtures/needed-bodies-app.ts";
import { lanes } from "../fixtures/running.ts";

async function refusal(declare: (app: App) => void): Promise<{ code: string; message: string }> {
  const app = new App();
  declare(app);
  try {
    await using _ = await testClient(app);
  } catch (error) {
    return error as { code: string; message: string };
  }
  return { code: "accepted", message: "" };
}

test("a dependency that needs a body is refused where no request has one", async () => {
  for (const [deps, path] of [
    [{ needsJson }, "needsJson"],
    [{ needsKey }, "needsKey"],
    [{ needsMore }, "needsMore"],
    [{ needsForm }, "needsForm"],
    [{ through }, "through > needsJson"],
  ] as const)
    for (const method of ["get", "head"] as const) {
      const { code, message } = await refusal((app) => app[method]("/", { deps }, async () => 1));
      assert.equal(code, "OFFLOOP_BODY_NOT_ALLOWED");
      assert.ok(message.includes(`its dependency ${path} needs a body`), message);
      assert.match(
        message,
        /\n {2}at \S*needed-bodies\.test\.ts:\d+:\d+ \(the dependency: \S*needed-bodies-app\.ts:/,
      );
    }
  const router = new Router({ deps: { needsJson } });
  router.get("/", async () => 1);
  assert.equal((await refusal((app) => app.include(router))).code, "OFFLOOP_BODY_NOT_ALLOWED");
  assert.equal(
    (await refusal((app) => app.websocket("/", { deps: { needsJson } }, async () => {}))).code,
    "OFFLOOP_BODY_NOT_ALLOWED",
  );
});

test("a form and a JSON body are refused where both are needed", async () => {
  for (const declare of [
    (app: App) => app.post("/", { form: { x: z.string() }, deps: { needsJson } }, async () => 1),
    (app: App) => app.post("/", { body: Item, deps: { needsForm } }, async () => 1),
    (app: App) => app.post("/", { deps: { needsForm, through } }, async () => 1),
  ])
    assert.equal((await refusal(declare)).code, "OFFLOOP_FORM_AND_BODY");
});

test("a body that may be absent is fine anywhere, and a dependency that a value replaces needs none", async () => {
  await using client = await testClient(app);
  for (const lane of lanes) {
    assert.equal(await (await client.get(`/${lane}/takes`)).json(), "undefined");
    assert.equal(await (await client.post(`/${lane}/either`, { json: { a: 3 } })).json(), 3);
  }
  assert.equal(await (await client.get("/replaced")).json(), 7);
});
