import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";

const folder = await mkdtemp(join(tmpdir(), "offloop-notes-"));
process.env.NOTES_DATABASE = join(folder, "notes.db"); // threads are started with it
const { default: app } = await import("../../examples/03-dependencies/app.ts");

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(async () => {
  await client.close();
  await rm(folder, { recursive: true });
});

const as = (owner: string): { headers: Record<string, string> } => ({ headers: { "x-owner": owner } });
const listed = async (owner: string, query = ""): Promise<{ id: number; words: string }[]> =>
  (await (await client.get(`/notes${query}`, as(owner))).json()) as { id: number; words: string }[];

test("03-dependencies stores and lists notes, each owner's own", async () => {
  const json = [{ words: "first" }, { words: "second" }];
  const stored = await client.post("/notes", { ...as("ada"), json });
  assert.deepEqual([stored.status, await stored.json()], [201, { stored: 2 }]);
  const [first, second] = await listed("ada");
  assert.deepEqual([first?.words, second?.words], ["first", "second"]);
  assert.deepEqual(await listed("ada", "?skip=1&limit=1"), [second]);
  assert.deepEqual(await listed("grace"), []);
  assert.deepEqual(await (await client.get(`/notes/${first?.id}`, as("ada"))).json(), first);
  assert.equal((await client.get(`/notes/${first?.id}`, as("grace"))).status, 404);
});

test("03-dependencies stores all notes of a request or none", async () => {
  const before = await listed("alan");
  const response = await client.post("/notes", { ...as("alan"), json: [{ words: "kept" }, { words: "" }] });
  assert.equal(response.status, 400);
  assert.deepEqual(await listed("alan"), before);
});

test("03-dependencies asks for the inputs of its dependencies", async () => {
  const { detail } = (await (await client.get("/notes?limit=0")).json()) as { detail: { loc: string[] }[] };
  assert.deepEqual(
    detail.map(({ loc }) => loc.join(".")),
    ["header.x-owner", "query.limit"],
  );
});
