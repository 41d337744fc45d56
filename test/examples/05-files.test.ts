import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app from "../../examples/05-files/app.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(() => client.close());

function form(fields: Readonly<Record<string, string | File | File[]>>): { body: FormData } {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
  return { body };
}

test("05-files digests an upload, in memory or on disk", async () => {
  for (const size of [10, 3 * 1024 * 1024]) {
    const bytes = randomBytes(size);
    const response = await client.post("/digest", form({ upload: new File([bytes], "data.bin") }));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    assert.deepEqual(await response.json(), { name: "data.bin", bytes: size, sha256 });
  }
  assert.equal((await client.post("/digest", form({ upload: "no file" }))).status, 422);
});

test("05-files takes files and fields in one form", async () => {
  const png = (name: string): File =>
    new File([Buffer.from("89504e470d0a", "hex")], name, { type: "image/png" });
  const album = form({ title: "Holiday", public: "true", pictures: [png("a.png"), png("b.png")] });
  assert.deepEqual(await (await client.post("/album", album)).json(), {
    title: "Holiday",
    public: true,
    startsWith: ["89504e47", "89504e47"],
  });
  const wrong = form({ title: "Holiday", pictures: new File(["text"], "a.txt", { type: "text/plain" }) });
  assert.equal((await client.post("/album", wrong)).status, 422);
});

test("05-files takes bytes as they are", async () => {
  const request = { body: new Uint8Array(7), headers: { "content-type": "application/octet-stream" } };
  assert.deepEqual(await (await client.put("/echo", request)).json(), {
    bytes: 7,
    type: "application/octet-stream",
  });
});

test("05-files sends a file, a part of it, and nothing when it is known", async () => {
  const whole = await client.get("/");
  const page = await whole.text();
  assert.match(page, /<h1>Files<\/h1>/);
  assert.equal(whole.headers.get("content-type"), "text/html; charset=utf-8");
  const part = await client.get("/", { headers: { range: "bytes=0-14" } });
  assert.deepEqual([part.status, await part.text()], [206, page.slice(0, 15)]);
  const known = await client.get("/", { headers: { "if-none-match": whole.headers.get("etag") ?? "" } });
  assert.equal(known.status, 304);
});

test("05-files streams a report to be saved", async () => {
  const response = await client.get("/report.csv?rows=3");
  assert.match(response.headers.get("content-disposition") ?? "", /report\.csv/);
  assert.equal(await response.text(), "row,square\n1,1\n2,4\n3,9\n");
});

test("05-files sends events", async () => {
  const response = await client.get("/countdown?from=2");
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.deepEqual((await response.text()).trim().split("\n\n").map(fieldsOf), [
    { id: "2", data: '{"left":2}' },
    { id: "1", data: '{"left":1}' },
    { event: "done", data: "lift off" },
  ]);
});

function fieldsOf(event: string): Record<string, string> {
  return Object.fromEntries(event.split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
}
