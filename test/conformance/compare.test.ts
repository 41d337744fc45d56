import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { difference } from "../../conformance/compare.ts";
import { createRequest } from "../../conformance/request.ts";
import { staleReasons } from "../../conformance/tally.ts";
import { appNames, type Chapter, type Exchange, environmentOf } from "../../conformance/vector.ts";

const json: [string, string][] = [["content-type", "application/json"]];

function recorded(
  body: unknown,
  rest: Partial<Exchange["response"]> & { volatile?: string[] } = {},
): Exchange {
  const { volatile = [], ...response } = rest;
  return {
    kind: "http",
    request: { method: "GET", url: "/" },
    response: { status: 200, headers: json, body: { json: body }, ...response },
    volatile,
  };
}
const answer = (body: unknown, init?: ResponseInit): Response => Response.json(body, init);

describe("difference()", () => {
  test("is undefined for the same status, media type, headers and body", async () => {
    const exchange = recorded({ a: [1, null] }, { headers: [...json, ["x-a", "b"]] });
    assert.equal(
      await difference(exchange, answer({ a: [1, null] }, { headers: { "X-A": "b" } })),
      undefined,
    );
  });

  test("tells another status, media type, header, body, and a body where there was none", async () => {
    const one = recorded(1, { headers: [...json, ["x-a", "b"]] });
    assert.match((await difference(one, answer(1, { status: 201 }))) ?? "", /^status 201, not 200/);
    assert.match((await difference(one, new Response("1"))) ?? "", /^content-type text\/plain/);
    assert.match((await difference(one, answer(1))) ?? "", /^x-a: null, not b/);
    assert.match((await difference(recorded({ a: 1 }), answer({ a: 2 }))) ?? "", /^body /);
    assert.match((await difference(recorded({ a: 1 }), answer({ a: 1, b: 1 }))) ?? "", /^body /);
    assert.match((await difference(recorded(1, { body: null }), answer(1))) ?? "", /^a body: 1/);
  });

  test("of a mistake, compares place and input, and that there are words", async () => {
    const mistake = { type: "missing", loc: ["query", "q"], msg: "Field required", input: null };
    const exchange = recorded({ detail: [mistake] });
    assert.equal(
      await difference(exchange, answer({ detail: [{ ...mistake, msg: "Required" }] })),
      undefined,
    );
    for (const other of [{ loc: ["query"] }, { input: "" }, { msg: undefined }])
      assert.match(
        (await difference(exchange, answer({ detail: [{ ...mistake, ...other }] }))) ?? "",
        /^body /,
      );
  });

  test("of what differs from run to run, compares the kinds of values", async () => {
    const exchange = recorded({ token: "a", n: [1] }, { volatile: ["response.body"] });
    assert.equal(await difference(exchange, answer({ token: "b", n: [2] })), undefined);
    assert.match((await difference(exchange, answer({ token: 1, n: [2] }))) ?? "", /^a body like /);
    assert.match((await difference(exchange, answer({ n: [2] }))) ?? "", /^a body like /);
  });
});

test("createRequest() quotes earlier answers, and leaves out default headers as recorded", () => {
  const chapter = {
    chapter: "x",
    default_request_headers: { accept: "*/*", host: "h" },
    cases: [],
  } as Chapter;
  const exchange: Exchange = {
    ...recorded(1),
    request: {
      method: "GET",
      url: "/",
      headers: [["authorization", "Bearer {{0.response.json.token.value}}"]],
      omit_default_headers: ["host"],
    },
  };
  assert.deepEqual(createRequest(chapter, exchange, [{ token: { value: "t" } }]).headers, [
    ["authorization", "Bearer t"],
    ["accept", "*/*"],
  ]);
});

test("appNames() drops the variants of a spelling, and reads tests where an app has no name", () => {
  const spellings = ["docs_src.body.tutorial001_an_py310:app", "docs_src.app.app_a_py310.main:app"];
  assert.deepEqual(appNames({ apps: spellings, tests: [], exchanges: [] }), ["tutorial001", "app_a"]);
  const tests = ["tests/test_tutorial/test_dependencies/test_tutorial008.py::test_get_db[x]"];
  assert.deepEqual(appNames({ apps: [], tests, exchanges: [] }), ["tutorial008"]);
});

test("environmentOf() reads the variable a case was recorded with", () => {
  const setup = 'environment OPENAPI_URL="" when the app is created';
  assert.deepEqual(environmentOf({ apps: [], tests: [], exchanges: [], setup }), ["OPENAPI_URL", ""]);
  assert.equal(environmentOf({ apps: [], tests: [], exchanges: [] }), undefined);
});

test("staleReasons() names reasons of replayed chapters that nothing needed", () => {
  const tally = {
    chapter: "body",
    exchanges: 1,
    equal: 1,
    documents: 0,
    later: 0,
    capabilities: new Set<string>(),
    different: [],
    reasoned: [],
    usedReasons: new Set(["body a GET / -> 200"]),
  };
  const given = { "body a GET / -> 200": "why", "body b GET / -> 200": "why", "cors a GET / -> 200": "why" };
  assert.deepEqual(staleReasons([tally], given), ["body b GET / -> 200"]);
});
