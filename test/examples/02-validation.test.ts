import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app from "../../examples/02-validation/app.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(() => client.close());

async function mistakes(response: Response): Promise<string[]> {
  assert.equal(response.status, 422);
  const { detail } = (await response.json()) as { detail: { loc: (string | number)[] }[] };
  return detail.map(({ loc }) => loc.join("."));
}

const line = { drink: "tea", cups: 2 };
const table = { kind: "table", number: 4 };

test("02-validation turns query parameters into what their schemas say", async () => {
  const response = await client.get("/drinks?q=ma&limit=1&tag=a&tag=b");
  assert.deepEqual(await response.json(), { drinks: ["mate"], tag: ["a", "b"] });
  assert.deepEqual(await mistakes(await client.get("/drinks?q=t&limit=0&skip=x")), [
    "query.skip",
    "query.limit",
    "query.q",
  ]);
});

test("02-validation reads a header and a cookie, and sets one", async () => {
  const headers = { "x-request-source": "app", cookie: "visit-count=2" };
  const response = await client.get("/visitor", { headers });
  assert.deepEqual(await response.json(), { source: "app", visits: 2 });
  assert.match(response.headers.getSetCookie().join(), /^visit-count=3; Max-Age=3600; Path=\/; HttpOnly/);
});

test("02-validation refuses query parameters it does not know", async () => {
  assert.deepEqual(await (await client.get("/strict?limit=5")).json(), { skip: 0, limit: 5 });
  assert.equal((await mistakes(await client.get("/strict?limit=5&tool=hammer"))).length, 1);
});

test("02-validation takes an order and leaves out what the receipt does not have", async () => {
  const json = { lines: [line], destination: table, email: "ada@example.com" };
  const response = await client.post("/orders", { json });
  const receipt = { lines: [{ ...line, milk: false }], destination: table, cups: 2 };
  assert.deepEqual([response.status, await response.json()], [201, receipt]);
});

test("02-validation says where an order is wrong", async () => {
  const json = { lines: [{ drink: "tea", cups: 0 }], destination: { kind: "delivery" }, email: "no" };
  assert.deepEqual((await mistakes(await client.post("/orders", { json }))).toSorted(), [
    "body.destination.delivery.address",
    "body.email",
    "body.lines.0.cups",
  ]);
  const unknown = { lines: [{ drink: "cola", cups: 1 }], destination: table };
  assert.equal((await client.post("/orders", { json: unknown })).status, 404);
});
