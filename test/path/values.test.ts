import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App } from "offloop";
import { z } from "zod";
import app from "../fixtures/bounds-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  process.env.TZ = "America/New_York"; // not one where the machine's zone and UTC are the same
  server = await running(app, { accessLog: false });
});
after(() => server.close());

type Mistake = readonly [loc: unknown, input: unknown];

/** Status, and the body; of a 422 where the mistakes are and what was sent there. */
async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.url + path, init);
  const body = (await response.json()) as { detail: { loc: unknown; input: unknown }[] };
  if (response.status !== 422) return { status: response.status, body };
  return { status: 422, body: body.detail.map(({ loc, input }): Mistake => [loc, input]) };
}

function post(path: string, json: string | object): ReturnType<typeof ask> {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: typeof json === "string" ? json : JSON.stringify(json) });
}

/** What a raw request is answered with: headers may come twice, which `fetch` would join. */
async function raw(path: string, headers: readonly string[]): Promise<string> {
  const socket = await openSocket(server.url);
  socket.send(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers.join("\r\n")}\r\n\r\n`);
  const answer = await socket.ended();
  return Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4), "latin1").toString();
}

eachLane("dates: what no calendar or clock has is a 422, in a body and in a query", async (lane) => {
  for (const at of [
    "2026-02-30",
    "2026-02-29T10:00:00Z",
    "2026-04-31",
    "2026-13-01",
    "2026-00-01",
    "2026-01-31T24:00:00",
    "2026-01-31T23:60:00Z",
    "2026-01-31T10:00:00+25:00",
    "2026-01-31 or so",
    "31.01.2026",
    "",
  ]) {
    assert.deepEqual(await post(`/${lane}/when`, { at }), { status: 422, body: [[["body", "at"], at]] });
    const query = await ask(`/${lane}/when?at=${encodeURIComponent(at)}`);
    assert.deepEqual(query, { status: 422, body: [[["query", "at"], at]] });
  }
});

eachLane("dates: without a zone they are in UTC, whatever the machine's zone", async (lane) => {
  for (const [sent, read] of [
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["2026-01-31T10:00", "2026-01-31T10:00:00.000Z"],
    ["2026-01-31 10:00:00", "2026-01-31T10:00:00.000Z"],
    ["2026-01-31T10:00:00.123456", "2026-01-31T10:00:00.123Z"],
    ["2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00.000Z"],
    ["2024-02-29T23:59:59z", "2024-02-29T23:59:59.000Z"],
    ["0099-03-01", "0099-03-01T00:00:00.000Z"],
  ])
    assert.deepEqual(await post(`/${lane}/when`, { at: sent }), { status: 200, body: { at: read } });
});

eachLane("dates: a schema of text says what is wrong with the text", async (lane) => {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ day: "2026-02-30", at: "2026-01-31" });
  const response = await fetch(`${server.url}/${lane}/texts`, { method: "POST", headers, body });
  const { detail } = (await response.json()) as { detail: { msg: string }[] };
  assert.deepEqual(
    detail.map(({ msg }) => msg),
    ["Invalid ISO date", "Invalid ISO datetime"],
  );
});

eachLane("body: one that has no keys lacks them all, those with a default too", async (lane) => {
  const missing = [
    [["body", "item"], null],
    [["body", "note"], null],
  ];
  for (const json of ["[1]", '"x"', "5", "true"])
    assert.deepEqual(await post(`/${lane}/keys`, json), { status: 422, body: missing });
  for (const json of ["null", "{}"])
    assert.deepEqual(await post(`/${lane}/keys`, json), { status: 422, body: missing.slice(0, 1) });
});

eachLane("body: a null that is refused is absent: a default stands in for it", async (lane) => {
  const item = { name: "tea" };
  assert.deepEqual((await post(`/${lane}/keys`, { item, note: null })).body, { item, note: "none" });
  assert.deepEqual((await post(`/${lane}/keys`, { item: null })).body, [[["body", "item"], null]]);
  assert.deepEqual((await post(`/${lane}/optional`, "null")).body, { name: "none" });
  assert.equal((await post(`/${lane}/any`, "null")).status, 200);
});

eachLane("body: a bigint keeps its digits, in and out", async (lane) => {
  for (const digits of ["1", "9007199254740993", "-123456789012345678901234567890"]) {
    const headers = { "content-type": "application/json" };
    const body = `{"id":${digits},"ratio":12345678901234567890}`;
    const response = await fetch(`${server.url}/${lane}/bigint`, { method: "POST", headers, body });
    assert.equal(await response.text(), `{"id":${digits},"ratio":12345678901234567000}`);
  }
});

for (const library of ["zod", "valibot"])
  eachLane(`body: defaults that JSON lacks keep no field from being read: ${library}`, async (lane) => {
    const path = `/${lane}/defaults/${library}`;
    assert.deepEqual(await post(path, {}), { status: 200, body: { n: 3, tags: [1] } });
    assert.deepEqual(await post(path, { n: 4, tags: [2, 3] }), { status: 200, body: { n: 4, tags: [2, 3] } });
  });

eachLane("body: what is in a set or a map is read as leniently as anything else", async (lane) => {
  const day = "2026-01-31T00:00:00.000Z";
  const sent = {
    days: ["2026-01-31", day],
    flags: ["yes", 0],
    moved: { a: "2026-01-31" },
    sizes: { b: { n: "3" } },
    pairs: [[1, "2"], ["3"]],
  };
  const read = {
    days: [day, day],
    flags: [true, false],
    moved: { a: day },
    sizes: { b: { n: 3 } },
    pairs: [[1, 2], [3]],
  };
  assert.deepEqual(await post(`/${lane}/groups`, sent), { status: 200, body: read });
  const many = Array.from({ length: 500 }, () => sent); // long: checked in pieces
  assert.deepEqual(await post(`/${lane}/group-list`, many), { status: 200, body: read });
});

eachLane("body: a mistake in a set or a map is where something was sent", async (lane) => {
  const sent = { days: ["2026-01-31", "tea"], moved: { a: "milk" } };
  assert.deepEqual(await post(`/${lane}/groups`, sent), {
    status: 422,
    body: [
      [["body", "days"], sent.days],
      [["body", "moved", "a"], "milk"],
    ],
  });
  assert.deepEqual(await post(`/${lane}/object-set`, [{ n: "tea" }]), {
    status: 422,
    body: [[["body"], [{ n: "tea" }]]],
  });
});

eachLane("integers: a point needs a digit after it, which is 0", async (lane) => {
  for (const [i, status] of [
    ["5", 200],
    ["5.0", 200],
    ["5.", 422],
    ["5.1", 422],
    ["1_000", 422],
    ["9007199254740991", 200],
    ["9007199254740992", 422],
  ] as const)
    assert.equal((await ask(`/${lane}/number?n=1&i=${i}`)).status, status, i);
});

eachLane("headers: a model reads x_user from x-user alone", async (lane) => {
  const read = (headers: string[]): Promise<string> => raw(`/${lane}/user`, headers);
  assert.equal(await read(["x-user: ada", "x_user: admin"]), '{"x_user":"ada"}');
  assert.equal(await read(["x_user: admin", "x-user: ada"]), '{"x_user":"ada"}');
  const { detail } = JSON.parse(await read(["x_user: admin"])) as {
    detail: { type: string; loc: unknown; input: unknown }[];
  };
  assert.deepEqual([detail[0]?.type, detail[0]?.loc], ["missing", ["header", "x-user"]]);
  // What was sent, and nothing that was not.
  assert.deepEqual(detail[0]?.input, { host: "x", connection: "close", x_user: "admin" });
});

eachLane("headers: of a single header that came twice the first counts", async (lane) => {
  assert.equal(await raw(`/${lane}/one`, ["x-one: a", "x-one: b"]), '{"x_one":"a"}');
  assert.equal(await raw(`/${lane}/user`, ["x-user: a", "x-user: b"]), '{"x_user":"a"}');
});

eachLane("cookies: the last of a name, without quotes, as it is", async (lane) => {
  for (const [cookie, s] of [
    ["s=a; s=b", "b"],
    ['s="a b"', "a b"],
    ["s=a%20b", "a%20b"],
    ['s="a\\"b\\073\\303\\244"', 'a"b;ä'],
    ["s=a=b", "a=b"],
  ])
    assert.equal(
      await raw(`/${lane}/one`, ["x-one: 1", `cookie: ${cookie}`]),
      JSON.stringify({ x_one: "1", s }),
    );
});

eachLane("cookies: what is set is what comes back", async (lane) => {
  for (const value of ["plain", "a b", 'say "hi"; ä, ü\\', "a=b/c", "100%"]) {
    const response = await fetch(`${server.url}/${lane}/set-cookie?value=${encodeURIComponent(value)}`);
    const [cookie = ""] = response.headers.getSetCookie()[0]?.split("; ") ?? [];
    assert.equal(JSON.parse(await raw(`/${lane}/one`, ["x-one: 1", `cookie: ${cookie}`])).s, value);
  }
});

eachLane("tagged unions: mistakes stand where pydantic puts them", async (lane) => {
  const pets: [pet: unknown, loc: unknown, input: unknown][] = [
    [{}, ["body", "pet"], {}],
    [{ kind: "fish" }, ["body", "pet"], { kind: "fish" }],
    [{ kind: "cat", lives: "many" }, ["body", "pet", "cat", "lives"], "many"],
    [{ kind: "dog" }, ["body", "pet", "dog", "name"], { kind: "dog" }],
    [3, ["body", "pet"], 3],
  ];
  for (const [pet, loc, input] of pets)
    assert.deepEqual(await post(`/${lane}/pets`, { pet }), { status: 422, body: [[loc, input]] });
  const list = [{ kind: "cat", lives: 9 }, { kind: "cat" }];
  assert.deepEqual((await post(`/${lane}/pet-list`, list)).body, [
    [["body", 1, "cat", "lives"], { kind: "cat" }],
  ]);
});

eachLane("JSON: half a character and what is no number end no connection", async (lane) => {
  assert.deepEqual(await post(`/${lane}/any`, '"\\ud800"'), { status: 200, body: { type: "string" } });
  assert.deepEqual(await post(`/${lane}/strings`, '[1, "\\ud800"]'), {
    status: 422,
    body: [[["body", 0], 1]],
  });
  assert.deepEqual((await ask(`/${lane}/numbers-out`)).body, { nan: null, infinite: null });
});

test("serve() refuses a parameter that cannot be sent, by operation and name", async () => {
  const nested = z.object({ a: z.string() });
  for (const options of [
    { query: { filter: nested } },
    { query: z.object({ filter: nested.optional() }) },
    { headers: { x_filter: z.record(z.string(), z.string()) } },
    { cookies: { filter: z.array(nested) } },
    { query: { file: z.file() } },
  ]) {
    const own = new App();
    own.get("/items", options as object, async () => "ok");
    await assert.rejects(running(own), {
      code: "OFFLOOP_PARAM_INVALID",
      message: /GET \/items.*(filter|file)/,
    });
  }
  const form = new App();
  form.post("/items", { form: { filter: nested } }, () => "ok");
  await assert.rejects(running(form), { code: "OFFLOOP_PARAM_INVALID", message: /form\.filter/ });
});

test("serve() takes what text can be: unions, lists, and what is parsed before its schema", async () => {
  const own = new App();
  const parsed = z.object({ a: z.string() });
  own.get(
    "/items",
    {
      query: z.object({
        either: z.union([z.string(), parsed]).optional(),
        list: z.array(z.int()).optional(),
        json: z.preprocess((text) => JSON.parse(String(text)), parsed),
        piped: z
          .string()
          .transform((text) => JSON.parse(text))
          .pipe(parsed)
          .optional(),
      }),
      headers: { x_any: z.unknown() },
    },
    async ({ query }) => query.json,
  );
  const { url, close } = await running(own);
  assert.deepEqual(await (await fetch(`${url}/items?json={"a":"b"}`)).json(), { a: "b" });
  await close();
});
