import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app from "../../examples/01-hello/app.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(() => client.close());

const read = async (path: string): Promise<unknown> => (await client.get(path)).json();

test("01-hello answers on both lanes", async () => {
  assert.deepEqual(await read("/"), { hello: "world" });
  assert.deepEqual(await read("/hello/Ada?times=2"), { greeting: "hello Ada hello Ada" });
  assert.deepEqual(await read("/primes/100"), { primes: 25 });
});

test("01-hello refuses what its schemas refuse", async () => {
  assert.equal((await client.get("/hello/Ada?times=6")).status, 422);
  assert.equal((await client.get("/primes/many")).status, 422);
});

test("01-hello answers at once while it counts", async () => {
  const counted = client.get("/primes/10000000").then(() => "counted");
  const greeted = client.get("/").then(() => "greeted");
  assert.equal(await Promise.race([counted, greeted]), "greeted");
  await counted;
});
