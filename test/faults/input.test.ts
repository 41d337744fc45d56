import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type Answer, type Client, createClient } from "../fixtures/client.ts";
import app from "../fixtures/faults-app.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

const LEVELS = 100_000;

let server: Running;
let client: Client;

before(async () => {
  server = await running(app, { accessLog: false });
  client = createClient(server.url);
});
after(async () => {
  await assertNextRequests(server.url);
  client.close();
  await server.close();
  assert.deepEqual(
    server.log.filter(({ level }) => level >= 50),
    [],
  );
});

function post(lane: string, body: string | Uint8Array): Promise<Answer> {
  return client.ask(`/${lane}/json`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
}

for (const key of ["__proto__", "\\u005f_proto__"]) {
  eachLane(`input: the JSON key ${key} is refused at any depth`, async (lane) => {
    for (const json of [`{"${key}":{"polluted":1}}`, `[{"a":{"${key}":{"polluted":1}}}]`]) {
      const { status, body } = await post(lane, json);
      assert.equal(status, 422);
      assert.equal(JSON.parse(body.toString()).detail[0].type, "json_invalid");
    }
  });
}

eachLane("input: the JSON key constructor.prototype is refused", async (lane) => {
  assert.equal((await post(lane, '{"constructor":{"prototype":{"polluted":1}}}')).status, 422);
});

eachLane("input: __proto__ and constructor in a query pollute nothing", async (lane) => {
  const query =
    "__proto__=1&__proto__[polluted]=1&__proto__.polluted=1&constructor=1&constructor[prototype]=2&q=ok";
  const { status, body } = await client.ask(`/${lane}/query?${query}`);
  assert.deepEqual([status, JSON.parse(body.toString())], [200, { q: "ok", polluted: null }]);
});

eachLane("input: of a query key that comes often the last one counts, an array takes all", async (lane) => {
  const many = Array.from({ length: 500 }, (_, n) => `q=${n}&many=${n}`).join("&");
  const { status, body } = await client.ask(`/${lane}/query?${many}`);
  const answer = JSON.parse(body.toString()) as { q: string; many: string[] };
  assert.deepEqual([status, answer.q, answer.many.length], [200, "499", 500]);
});

for (const [what, open, close] of [
  ["arrays", "[", "]"],
  ["objects", '{"a":', "}"],
] as const) {
  eachLane(`input: ${what} nested ${LEVELS} deep are a 422, not a stack overflow`, async (lane) => {
    const inner = what === "arrays" ? "" : "1";
    const { status } = await post(lane, open.repeat(LEVELS) + inner + close.repeat(LEVELS));
    assert.equal(status, 422);
    assert.equal((await post(lane, open.repeat(LEVELS))).status, 422, "cut off");
  });
}

eachLane("input: bytes that are not UTF-8 are 400 in a body, and 400 in a path", async (lane) => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc3, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
  ])
    assert.equal((await post(lane, Uint8Array.from(bytes))).status, 400);
  assert.equal((await client.ask("/echo/thread/%c3%28")).status, 400);
  assert.equal((await client.ask(`/${lane}/query?q=%ff%fe`)).status, 200);
});

eachLane(
  "input: JSON that is not JSON, cut off, or larger than allowed is the client's mistake",
  async (lane) => {
    for (const json of ["{", "nul", "[1,]", "{'a':1}", "\u0000", `"${"x".repeat(1000)}`])
      assert.equal((await post(lane, json)).status, 422, json);
    assert.equal((await post(lane, `"${"x".repeat(20_000_001)}"`)).status, 413);
  },
);
