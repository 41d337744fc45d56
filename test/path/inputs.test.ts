import assert from "node:assert/strict";
import { after, before } from "node:test";
import app from "../fixtures/inputs-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

async function get(path: string, init?: RequestInit): Promise<{ status: number; json: unknown }> {
  const response = await fetch(server.url + path, init);
  return { status: response.status, json: await response.json() };
}

/** Status, and of each detail what does not depend on the schema library. */
async function details(path: string, init?: RequestInit): Promise<{ status: number; detail: unknown }> {
  const { status, json } = await get(path, init);
  const { detail } = json as { detail: { type: string; loc: unknown; msg: string; input: unknown }[] };
  for (const one of detail) assert.ok(one.type.length > 0 && one.msg.length > 0, "type and msg are there");
  return { status, detail: detail.map(({ loc, input }) => ({ loc, input })) };
}

eachLane("path: a declared name is coerced and validated", async (lane) => {
  assert.deepEqual(await get(`/${lane}/items/42`), { status: 200, json: { item_id: 42 } });
  assert.deepEqual(await details(`/${lane}/items/foo`), {
    status: 422,
    detail: [{ loc: ["path", "item_id"], input: "foo" }],
  });
  assert.deepEqual(await details(`/${lane}/items/4.2`), {
    status: 422,
    detail: [{ loc: ["path", "item_id"], input: "4.2" }],
  });
});

eachLane("path: an undeclared name is the decoded string, a wildcard the rest", async (lane) => {
  assert.deepEqual((await get(`/${lane}/names/%C3%84da/Byron`)).json, { first: "Äda", last: "Byron" });
  assert.deepEqual((await get(`/${lane}/files/a/b%20c.txt`)).json, { "*": "a/b c.txt" });
});

eachLane("path: the names in a router's prefix are received, and may have schemas", async (lane) => {
  assert.deepEqual((await get(`/shops/7/first/${lane}/books/8`)).json, { shop: 7, floor: "first", book: 8 });
  assert.deepEqual(await details(`/shops/tea/first/${lane}/books/8`), {
    status: 422,
    detail: [{ loc: ["path", "shop"], input: "tea" }],
  });
});

eachLane("path: an alias is the name in errors, not where the value stands", async (lane) => {
  assert.deepEqual((await get(`/${lane}/rest/a/b`)).json, { "*": "a/b" });
  assert.deepEqual(await details(`/${lane}/rest/a/b/c`), {
    status: 422,
    detail: [{ loc: ["path", "file_path"], input: "a/b/c" }],
  });
});

eachLane("query: fields of one schema are coerced, named, joined or one of several", async (lane) => {
  assert.deepEqual((await get(`/${lane}/models/named?page=2`)).json, { page: 2 });
  assert.deepEqual((await get(`/${lane}/models/both?page=2&sizes=3`)).json, { page: 2, sizes: [3] });
  assert.deepEqual((await get(`/${lane}/models/either?at=2`)).json, { at: 2 });
  assert.deepEqual((await get(`/${lane}/models/either?after=on`)).json, { after: true });
});

eachLane("query: defaults apply to what is absent", async (lane) => {
  assert.deepEqual((await get(`/${lane}/query`)).json, { limit: 10, tags: [] });
});

eachLane("query: strings become what the schema says", async (lane) => {
  const { json } = await get(
    `/${lane}/query?limit=20&ratio=1e3&active=on&tags=a&tags=b&ids=1&ids=2&q=7&either=5&kind=b&level=3&maybe=4`,
  );
  assert.deepEqual(json, {
    limit: 20,
    ratio: 1000,
    active: true,
    tags: ["a", "b"],
    ids: [1, 2],
    q: "7",
    either: "5",
    kind: "b",
    level: 3,
    maybe: 4,
  });
});

eachLane(
  "query: one value makes a list of one, several values of a single parameter give the last",
  async (lane) => {
    assert.deepEqual((await get(`/${lane}/query?tags=a&limit=5&limit=6`)).json, { limit: 6, tags: ["a"] });
  },
);

eachLane("query: every spelling of a boolean that pydantic takes", async (lane) => {
  for (const yes of ["1", "true", "True", "on", "YES", "t", "y"]) {
    assert.deepEqual((await get(`/${lane}/query?active=${yes}`)).json, { limit: 10, tags: [], active: true });
  }
  for (const no of ["0", "false", "off", "No", "f", "n"]) {
    assert.deepEqual((await get(`/${lane}/query?active=${no}`)).json, { limit: 10, tags: [], active: false });
  }
  assert.equal((await get(`/${lane}/query?active=maybe`)).status, 422);
});

eachLane("query: mistakes are collected over all parameters, with what was sent", async (lane) => {
  const expected = [
    { loc: ["query", "limit"], input: "0" },
    { loc: ["query", "ratio"], input: "x" },
    { loc: ["query", "ids", 1], input: "b" },
  ];
  assert.deepEqual(await details(`/${lane}/query?limit=0&ratio=x&ids=1&ids=b`), {
    status: 422,
    detail: expected,
  });
});

eachLane("query: what is required and absent is named as FastAPI names it", async (lane) => {
  const missing = { type: "missing", msg: "Field required", input: null };
  assert.deepEqual((await get(`/${lane}/needs`)).json, {
    detail: [
      { ...missing, loc: ["query", "needy"] },
      { ...missing, loc: ["query", "count"] },
    ].map(({ type, loc, msg, input }) => ({ type, loc, msg, input })),
  });
});

const decoded = {
  "50%+of%20all": "50% of all",
  "a%20b%25%": "a b%%",
  "%ff": "\ufffd",
  "caf%E9%20%C3%A9": "caf\ufffd é",
  "%E2%82": "\ufffd",
  "%zz%2B": "%zz+",
  "100%25": "100%",
};

eachLane(
  "query, form: what is not validly encoded stands for itself, and the rest is decoded",
  async (lane) => {
    for (const [sent, q] of Object.entries(decoded)) {
      const raw = await openSocket(server.url);
      const head = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
      raw.send(`GET /${lane}/as-sent?q=${sent} ${head}\r\n`);
      const answer = Buffer.from(await raw.ended(), "latin1").toString();
      assert.equal(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))[0], q, sent);
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const form = await get(`/${lane}/as-sent`, { method: "POST", body: `q=${sent}`, headers });
      assert.deepEqual(form, { status: 200, json: q });
    }
  },
);

eachLane("query: a fragment, which no client should send, is not part of it", async (lane) => {
  for (const [sent, q, url] of [
    ["?q=tea#q=green", "tea", "?q=tea"],
    ["#q=tea", null, ""],
    ["#?q=tea", null, ""],
  ] as const) {
    const raw = await openSocket(server.url);
    raw.send(`GET /${lane}/as-sent${sent} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const answer = await raw.ended();
    assert.deepEqual(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))), [q, `/${lane}/as-sent${url}`]);
  }
});

eachLane("query: names of Object's prototype and broken escapes are ordinary values", async (lane) => {
  assert.deepEqual((await get(`/${lane}/query?__proto__=1&constructor=2&q=%E0%A4%A`)).status, 200);
  assert.equal((await get(`/${lane}/needs?toString=1`)).status, 422);
});

eachLane("headers: underscores read hyphens, repeated headers make a list", async (lane) => {
  const headers = new Headers([
    ["X-Token", "abc"],
    ["x-count", "3"],
  ]);
  assert.deepEqual((await get(`/${lane}/headers`, { headers })).json, {
    x_token: "abc",
    x_many: [],
    x_count: 3,
  });
  assert.deepEqual(await details(`/${lane}/headers`), {
    status: 422,
    detail: [{ loc: ["header", "x-token"], input: null }],
  });
});

eachLane("cookies: read by name and coerced", async (lane) => {
  const headers = { cookie: "session=abc%20d; visits=3; other=1" };
  assert.deepEqual((await get(`/${lane}/cookies`, { headers })).json, { session: "abc%20d", visits: 3 });
  assert.deepEqual(await details(`/${lane}/cookies`), {
    status: 422,
    detail: [{ loc: ["cookie", "session"], input: null }],
  });
});

eachLane("a schema that validates asynchronously is awaited", async (lane) => {
  assert.equal((await get(`/${lane}/async-schema?q=free`)).status, 200);
  assert.deepEqual(await details(`/${lane}/async-schema?q=taken`), {
    status: 422,
    detail: [{ loc: ["query", "q"], input: "taken" }],
  });
});

eachLane("request: what is not declared can be read as it came", async (lane) => {
  const { json } = await get(`/${lane}/request?a=1`, { headers: { "X-Agent": "test" } });
  assert.deepEqual(json, { method: "GET", url: `/${lane}/request?a=1`, agent: "test", id: "string" });
});

eachLane("the function runs on its lane", async (lane) => {
  const { json } = await get(`/${lane}/where`);
  assert.equal((json as { threadId: number }).threadId === 0, lane === "loop");
});
