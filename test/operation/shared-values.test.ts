import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, OffloopError } from "offloop";
import { testClient } from "offloop/testing";
import sharedValues, { begun, handle, size } from "../fixtures/shared-values-app.ts";

const rows = depends({ deps: { handle } }, ({ handle }) => handle);

test("shared values: a generator over what requests on a thread share has to say when it closes", () => {
  const code = "OFFLOOP_DEPENDENCY_SHARED";
  assert.throws(
    () => depends({ deps: { handle } }, begun),
    (error) => {
      assert.ok(error instanceof OffloopError && error.code === code);
      assert.match(error.message, /dependency begun: by default .* use "handle" of the scope "thread"/);
      assert.match(error.fix, /scope "function".*; or write scope: "request"/);
      assert.match(String(error.at?.file), /shared-values\.test\.ts$/);
      return true;
    },
  );
  assert.throws(() => depends({ deps: { rows } }, function* () {}), { code });
  assert.throws(() => depends({ deps: { handle } }, async function* () {}), { code });
  const said = depends({ deps: { handle }, scope: "request" }, begun);
  depends({ deps: { said } }, function* () {}); // what another generator has taken is its own
  depends({ deps: { handle }, scope: "function" }, begun);
  depends({ deps: { handle }, scope: "thread" }, begun);
  const pool = depends(async () => new Map(), { scope: "thread" });
  depends({ deps: { pool } }, async function* () {});
});

test("shared values: a generator over what requests on a thread share is refused for an async operation", async () => {
  const app = new App({ threads: { max: 1, reserve: 0 } });
  app.get("/async", { deps: { size } }, async ({ size }) => size);
  await assert.rejects(testClient(app), (error) => {
    assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_DEPENDENCY_SHARED");
    assert.match(error.message, /GET \/async: it is async.* size > tx is open .* "handle"/);
    assert.match(error.fix, /remove "async"/);
    return true;
  });
});

test("shared values: one that says so may be open meanwhile, and a plain operation needs nothing else", async () => {
  await using client = await testClient(sharedValues);
  for (const path of ["/async", "/plain", "/awaits"]) assert.equal(await (await client.get(path)).json(), 0);
});
