import assert from "node:assert/strict";
import { test } from "node:test";
import { App, type Dependencies, type Dependency, depends } from "offloop";
import { httpBearer, type SecurityScopes, security, securityScopes } from "offloop/security";
import { override, type TestClientOptions, testClient } from "offloop/testing";
import { createDocument } from "../../src/openapi/document.ts";

async function read(seen: Dependency, options: TestClientOptions = {}): Promise<unknown> {
  const app = new App();
  app.get("/", { deps: { seen } }, async ({ seen }) => seen);
  await using client = await testClient(app, options);
  return (await client.get("/")).json();
}

const reader = depends({ deps: { demanded: securityScopes } }, async ({ demanded }) => demanded.scopeStr);
const demanding = (dependency: Dependency<string>, ...scopes: string[]): Dependency<string> =>
  security(dependency, { scopes });

test("scopes: each once, in the order in which they are demanded", async () => {
  const inner = depends({ deps: { seen: demanding(reader, "c", "a") } }, async ({ seen }) => seen);
  assert.equal(await read(demanding(inner, "b", "a")), "b a c");
});

test("scopes: the same set in another order is the same set", async () => {
  let made = 0;
  const counted = depends({ deps: { _scopes: securityScopes } }, async () => ++made);
  const seen = depends(
    { deps: { a: security(counted, { scopes: ["x", "y"] }), b: security(counted, { scopes: ["y", "x"] }) } },
    async ({ a, b }) => [a, b],
  );
  assert.deepEqual(await read(seen), [1, 1]);
});

test("scopes: a dependency that does not read them is made once, whatever is demanded of it", async () => {
  let made = 0;
  const counted = depends(async () => ++made);
  const seen = depends(
    { deps: { a: counted, b: security(counted, { scopes: ["x"] }) } },
    async ({ a, b }) => [a, b],
  );
  assert.deepEqual(await read(seen), [1, 1]);
});

test("scopes: reach what stands in for a dependency, and can be replaced themselves", async () => {
  const original = depends(async () => "original");
  const seen = demanding(original, "x");
  assert.equal(await read(seen, { overrides: [override(original, reader)] }), "x");
  const replaced: SecurityScopes = { scopes: ["z"], scopeStr: "z" };
  assert.equal(await read(demanding(reader, "x"), { overrides: [override(securityScopes, replaced)] }), "z");
});

test("scopes: a cycle is refused at start-up, and described without end", async () => {
  const needed: Record<string, Dependency> = {};
  const first = depends({ deps: needed as Dependencies }, async function first() {});
  needed.again = security(first, { scopes: ["x"] });
  const app = new App();
  app.get("/", { deps: { first } }, async () => 1);
  assert.equal(typeof createDocument(app), "object");
  await assert.rejects(testClient(app), { code: "OFFLOOP_DEPENDENCY_CYCLE" });
});

test("scopes and credentials are those of a request: what is kept for longer cannot need them", () => {
  for (const deps of [{ one: securityScopes }, { one: httpBearer() }])
    assert.throws(() => depends({ scope: "thread", deps }, () => 1), { code: "OFFLOOP_DEPENDENCY_SCOPE" });
});
