import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { override, type TestClient, testClient } from "offloop/testing";
import app from "../../examples/06-bigger-app/app.ts";
import { apiKey, shop } from "../../examples/06-bigger-app/dependencies.ts";
import { Shop } from "../../examples/06-bigger-app/shop.ts";

let client: TestClient;
beforeEach(async () => {
  client = await testClient(app, { overrides: [override(shop, new Shop())] });
});
afterEach(() => client.close());

const headers = { "x-api-key": "shop-key" };
const asAdmin = { ...headers, "x-admin": "yes" };

test("06-bigger-app asks everyone for a key", async () => {
  const without = await client.get("/products");
  assert.deepEqual([without.status, without.headers.get("www-authenticate")], [401, "APIKey"]);
  assert.equal((await client.get("/products", { headers: { "x-api-key": "wrong" } })).status, 401);
  assert.equal((await client.get("/products", { headers })).status, 200);
});

test("06-bigger-app sells until there is nothing left", async () => {
  const order = { headers, json: { product: "plumbus", count: 2 } };
  const placed = await client.post("/orders", order);
  assert.equal(placed.status, 201);
  assert.equal(((await placed.json()) as { totalInCents: number }).totalInCents, 6598);
  const read = await client.get("/products/plumbus", { headers });
  assert.equal(((await read.json()) as { stock: number }).stock, 1);
  const refused = await client.post("/orders", order);
  const detail = "There is not enough of plumbus";
  assert.deepEqual([refused.status, await refused.json()], [409, { detail, product: "plumbus" }]);
  const revenue = await client.get("/internal/admin/revenue", { headers: asAdmin });
  assert.deepEqual(await revenue.json(), { totalInCents: 6598 });
});

test("06-bigger-app lets only admins stock products", async () => {
  const json = { id: "tea", name: "Tea", priceInCents: 300, stock: 9 };
  assert.equal((await client.put("/internal/admin/products", { headers, json })).status, 422);
  const notAdmin = { ...headers, "x-admin": "no" };
  assert.equal((await client.put("/internal/admin/products", { headers: notAdmin, json })).status, 403);
  assert.equal((await client.put("/internal/admin/products", { headers: asAdmin, json })).status, 200);
  assert.deepEqual(await (await client.get("/products/tea", { headers })).json(), json);
  assert.equal((await client.get("/products/coffee", { headers })).status, 404);
});

test("06-bigger-app describes its operations under their routers' prefixes and tags", async () => {
  await using open = await testClient(app, { overrides: [override(apiKey, undefined)] });
  assert.equal((await open.get("/products")).status, 200);
  const document = (await (await open.get("/openapi.json")).json()) as {
    paths: Record<string, Record<string, { tags: string[]; security: unknown }>>;
  };
  const { tags, security } = document.paths["/internal/admin/products"]?.put ?? {};
  assert.deepEqual(tags, ["internal", "admin"]);
  assert.deepEqual(security, [{ APIKeyHeader: [] }]);
});
