import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { after, before, test } from "node:test";
import app from "../fixtures/inputs-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

async function post(
  path: string,
  body: NonNullable<RequestInit["body"]> | null,
  type: string | null = "application/json",
): Promise<{ status: number; json: unknown; text: string }> {
  const headers: Record<string, string> = type === null ? {} : { "content-type": type };
  const response = await fetch(server.url + path, {
    method: "POST",
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  } as RequestInit);
  const text = await response.text();
  return { status: response.status, json: JSON.parse(text), text };
}

const item = { name: "Foo", price: 50.5 };

eachLane("body: parsed, validated, defaults filled in", async (lane) => {
  assert.deepEqual((await post(`/${lane}/items`, JSON.stringify(item))).json, { ...item, tags: [] });
});

eachLane("body: with path and query, all mistakes at once", async (lane) => {
  assert.equal((await post(`/${lane}/items/1?q=2`, JSON.stringify(item))).status, 200);
  const { status, json } = await post(`/${lane}/items/x?q=y`, '{"name": 1, "tags": ["a", 2]}');
  assert.equal(status, 422);
  assert.deepEqual(
    (json as { detail: { loc: unknown; input: unknown }[] }).detail.map(({ loc, input }) => [loc, input]),
    [
      [["path", "item_id"], "x"],
      [["query", "q"], "y"],
      [["body", "name"], 1],
      [["body", "price"], { name: 1, tags: ["a", 2] }],
      [["body", "tags", 1], 2],
    ],
  );
});

eachLane("body: absent, it is missing; optional, it is undefined", async (lane) => {
  const missing = { detail: [{ type: "missing", loc: ["body"], msg: "Field required", input: null }] };
  assert.deepEqual((await post(`/${lane}/items`, null, null)).json, missing);
  assert.deepEqual((await post(`/${lane}/items`, "")).json, missing);
  assert.deepEqual((await post(`/${lane}/optional`, null, null)).json, { body: "none" });
});

eachLane("body: malformed JSON is a 422 that says where", async (lane) => {
  const { status, json } = await post(`/${lane}/items`, "{some broken json}");
  const [detail] = (json as { detail: Record<string, unknown>[] }).detail;
  assert.equal(status, 422);
  assert.deepEqual(
    { type: detail?.type, loc: detail?.loc, msg: detail?.msg, input: detail?.input },
    { type: "json_invalid", loc: ["body", 1], msg: "JSON decode error", input: {} },
  );
});

eachLane("body: malformed JSON says where even if V8 does not, in FastAPI's words", async (lane) => {
  for (const [sent, position, error] of [
    ["x", 0, "Expecting value"],
    ['{"name": "tea", "price": 3,}', 26, "Illegal trailing comma before end of object"],
    ['{"name": "🫖", "price": tea}', 23, "Expecting value"],
  ] as const) {
    const { json } = await post(`/${lane}/items`, sent);
    const detail = [
      { type: "json_invalid", loc: ["body", position], msg: "JSON decode error", input: {}, ctx: { error } },
    ];
    assert.deepEqual(json, { detail }, sent);
  }
});

eachLane("body: without a JSON media type it is text", async (lane) => {
  assert.deepEqual((await post(`/${lane}/any`, "[1]", "text/plain")).json, { type: "string", body: "[1]" });
  assert.deepEqual((await post(`/${lane}/any`, "[1]", "application/vnd.api+json; charset=utf-8")).json, {
    type: "object",
    body: [1],
  });
  assert.equal(
    (await post(`/${lane}/items`, JSON.stringify(item), "application/not-really-json")).status,
    422,
  );
});

eachLane("body: bytes that are not UTF-8 are a 400", async (lane) => {
  const { status, json } = await post(`/${lane}/items`, new Uint8Array([0x22, 0xff, 0xfe, 0x22]));
  assert.deepEqual(
    { status, json },
    { status: 400, json: { detail: "There was an error parsing the body" } },
  );
});

eachLane("body: past the limit it is a 413, declared or chunked", async (lane) => {
  const long = JSON.stringify("x".repeat(100));
  const expected = { status: 413, json: { detail: "Content Too Large" } };
  const declared = await post(`/${lane}/small`, long);
  assert.deepEqual({ status: declared.status, json: declared.json }, expected);
  const chunked = await post(`/${lane}/small`, new Blob([long]).stream());
  assert.deepEqual({ status: chunked.status, json: chunked.json }, expected);
  assert.equal((await post(`/${lane}/small`, '"x"')).status, 200);
});

eachLane("body: keys that would set a prototype are refused, a plain `constructor` is data", async (lane) => {
  assert.equal((await post(`/${lane}/record`, '{"__proto__": {"polluted": true}}')).status, 422);
  assert.equal(
    (await post(`/${lane}/record`, '{"constructor": {"prototype": {"polluted": true}}}')).status,
    422,
  );
  assert.deepEqual((await post(`/${lane}/record`, '{"constructor": "ACME"}')).json, {
    keys: ["constructor"],
    polluted: null,
  });
});

eachLane(
  "body: the place in a tagged union names the alternative at every level, as in pydantic",
  async (lane) => {
    const tree = { kind: "node", children: [{ kind: "node", children: [{ kind: "leaf", value: "x" }] }] };
    const within = ["node", "children", 0, "node", "children", 0, "leaf", "value"];
    for (const [path, body, start] of [
      ["tree", tree, ["body"]],
      ["planted-tree", { tree }, ["body", "tree"]],
    ] as const) {
      const { json } = await post(`/${lane}/${path}`, JSON.stringify(body));
      const { detail } = json as { detail: { loc: unknown }[] };
      assert.deepEqual(
        detail.map(({ loc }) => loc),
        [[...start, ...within]],
      );
    }
  },
);

eachLane("body: JSON deeper than inputs.maxDepth is a 422 that says where", async (lane) => {
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  assert.equal((await post(`/${lane}/any`, nested(200))).status, 200);
  for (const levels of [201, 3_000, 100_000]) {
    const { status, json, text } = await post(`/${lane}/any`, nested(levels));
    assert.equal(status, 422);
    assert.deepEqual((json as { detail: { type: string; loc: unknown }[] }).detail[0]?.loc, ["body", 200]);
    assert.doesNotMatch(text, /stack|RangeError/i);
  }
});

test("a plain function's 50 MB body is parsed in its thread: the loop is held up far less than on the loop lane", async () => {
  const count = 5_000_000;
  const big = `[${'{"a":"b"},'.repeat(count)}0]`; // 50 MB
  const held = async (lane: string): Promise<number> => {
    await post(`/${lane}/length`, "[]");
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const { json } = await post(`/${lane}/length`, big);
    delay.disable();
    assert.deepEqual((json as { length: number; threadId: number }).length, count + 1);
    assert.equal((json as { threadId: number }).threadId === 0, lane === "loop");
    return delay.max;
  };
  const [loop, thread] = [await held("loop"), await held("thread")];
  assert.ok(
    thread < loop / 2,
    `loop held up ${thread / 1e6} ms by the thread lane, ${loop / 1e6} ms by the loop lane`,
  );
});
