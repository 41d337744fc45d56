import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testClient } from "offloop/testing";
import app, { digest } from "./app.ts";

const client = await testClient(app);
after(() => client.close()); // waits for what runs after a response

test("GET /hello/:name takes numbers from the query", async () => {
  const response = await client.get("/hello/Ada?times=2");
  assert.deepEqual(await response.json(), { hello: "Ada and Ada" });
});

test("POST /hash hashes on a thread", async () => {
  const response = await client.post<{ hash: string }>("/hash", { json: { password: "correct horse" } });
  assert.equal(response.status, 200);
  assert.match((await response.json()).hash, /^[0-9a-f]{128}$/);
});

test("POST /hash refuses a short password and says why", async () => {
  const response = await client.post("/hash", { json: { password: "short" } });
  assert.equal(response.status, 422);
  assert.match(await response.text(), /"loc":\["body","password"\]/);
});

test("POST /letters accepts a letter, and delivers it after the response", async () => {
  const letter = { to: "ada@example.com", text: "Good morning" };
  const response = await client.post("/letters", { json: letter });
  assert.equal(response.status, 202);
  assert.deepEqual(await response.json(), { id: digest.fn(letter.text) });
});
