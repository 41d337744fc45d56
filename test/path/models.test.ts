import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import app from "../fixtures/models-app.ts";
import { eachLane } from "../fixtures/running.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(() => client.close());

/** Where the mistakes are and what was sent there. */
async function mistakes(response: Response): Promise<unknown> {
  assert.equal(response.status, 422);
  const { detail } = (await response.json()) as { detail: { loc: unknown; input: unknown }[] };
  return detail.map(({ loc, input }) => [loc, input]);
}

eachLane("models: the input of a missing field is all that was sent, with the defaults", async (lane) => {
  assert.deepEqual(await mistakes(await client.get(`/${lane}/query?limit=5&other=x`)), [
    [["query", "needy"], { limit: "5", tags: [], other: "x" }],
  ]);
  const headers = { "x-tag": "a" };
  const [[loc, input]] = (await mistakes(await client.get(`/${lane}/headers`, { headers }))) as [
    [unknown, Record<string, unknown>],
  ];
  assert.deepEqual(loc, ["header", "save-data"]);
  assert.deepEqual(input["x-tag"], ["a"]);
  assert.deepEqual(await mistakes(await client.get(`/${lane}/cookies`)), [
    [["cookie", "session"], { visits: 0 }],
  ]);
  const cookie = { cookie: "visits=1; secret=s" };
  assert.deepEqual(await mistakes(await client.get(`/${lane}/cookies`, { headers: cookie })), [
    [["cookie", "session"], { visits: "1", secret: "[redacted]" }],
    [["cookie", "secret"], "[redacted]"],
  ]);
  const body = new URLSearchParams({ username: "ada" });
  assert.deepEqual(await mistakes(await client.post(`/${lane}/form`, { body })), [
    [["body", "password"], { username: "ada", scope: "me" }],
  ]);
});

eachLane("models: a default is what the handler gets, too", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/query?needy=1`)).json(), {
    needy: 1,
    limit: 100,
    cursor: null,
    tags: [],
  });
});

eachLane("models: a name that is not declared shows all values it was sent with", async (lane) => {
  assert.deepEqual(await mistakes(await client.get(`/${lane}/strict?needy=1&tool=a&tool=b`)), [
    [
      ["query", "tool"],
      ["a", "b"],
    ],
  ]);
  assert.deepEqual(await mistakes(await client.get(`/${lane}/strict?needy=1&needy=x&tool=a`)), [
    [["query", "needy"], "x"],
    [["query", "tool"], "a"],
  ]);
});

eachLane("inputs: one value of a list is a list of one", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/list?ids=1`)).json(), { ids: [1] });
  assert.deepEqual(await mistakes(await client.get(`/${lane}/list?ids=x`)), [[["query", "ids", 0], "x"]]);
  assert.deepEqual(await mistakes(await client.get(`/${lane}/list?ids=`)), [[["query", "ids", 0], ""]]);
});

eachLane("inputs: a list is a set and an object a map, where a schema says so", async (lane) => {
  const json = { tags: ["a", "b", "a"], sizes: { a: 1, b: "2" } };
  assert.deepEqual(await (await client.post(`/${lane}/sets`, { json })).json(), {
    tags: ["a", "b"],
    sizes: { a: 1, b: 2 },
  });
  assert.deepEqual(await mistakes(await client.post(`/${lane}/sets`, { json: { tags: "a", sizes: [1] } })), [
    [["body", "tags"], "a"],
    [["body", "sizes"], [1]],
  ]);
  assert.deepEqual(await (await client.get(`/${lane}/set?ids=1&ids=2&ids=1`)).json(), { ids: [1, 2] });
  assert.deepEqual(await (await client.get(`/${lane}/set`)).json(), { ids: [] });
  assert.deepEqual(await (await client.post(`/${lane}/valibot`, { json: { tags: ["a", "a"] } })).json(), [
    true,
    { tags: ["a"] },
  ]);
});

eachLane("inputs: what an alternative of a union could take is coerced", async (lane) => {
  const sold = "2026-01-31T00:00:00.000Z";
  const car = { kind: "car", seats: 4, sold };
  const json = [
    { ...car, seats: "4" },
    { kind: "plane", wings: "2", owner: { ...car, sold: "2026-01-31" } },
    { kind: "plane", wings: 2, owner: null },
  ];
  assert.deepEqual(await (await client.post(`/${lane}/union`, { json })).json(), [
    car,
    { kind: "plane", wings: 2, owner: car },
    { kind: "plane", wings: 2, owner: null },
  ]);
  for (const wrong of [
    { ...car, seats: "many" },
    { ...car, kind: "bike" },
    { kind: "plane", wings: "2" },
  ])
    assert.deepEqual(await mistakes(await client.post(`/${lane}/union`, { json: [car, wrong] })), [
      [["body", 1], wrong],
    ]);
});

eachLane("inputs: arktype's mistakes stand where they are", async (lane) => {
  assert.deepEqual(await (await client.get(`/${lane}/ark?on=yes`)).json(), { limit: 10, on: true });
  assert.deepEqual(await mistakes(await client.get(`/${lane}/ark?limit=x&on=q`)), [
    [["query", "limit"], "x"],
    [["query", "on"], "q"],
  ]);
  assert.deepEqual(await mistakes(await client.get(`/${lane}/ark/one?n=0`)), [[["query", "n"], "0"]]);
  assert.deepEqual(await mistakes(await client.get(`/${lane}/ark/one`)), [[["query", "n"], null]]);
});

eachLane("inputs: JSON that ends too early is wrong at its end", async (lane) => {
  const headers = { "content-type": "application/json" };
  const response = await client.post(`/${lane}/sets`, { headers, body: '{"tags": [' });
  assert.deepEqual(await mistakes(response), [[["body", 10], {}]]);
});

eachLane("headers: underscores stay where their conversion is switched off", async (lane) => {
  const sent = { save_data: "true", x_tag: "a", "save-data": "false", strange_header: "3" };
  const ask = (path: string, headers: Record<string, string>) => client.get(`/${lane}/${path}`, { headers });
  assert.deepEqual(await (await ask("underscores", sent)).json(), { save_data: true, x_tag: ["a"] });
  assert.deepEqual(await (await ask("underscore", sent)).json(), { strange_header: 3 });
  assert.deepEqual(await mistakes(await ask("underscore", { "strange-header": "3" })), [
    [["header", "strange_header"], null],
  ]);
  const { paths } = (await (await client.get("/openapi.json")).json()) as {
    paths: Record<string, { get: { parameters: { name: string }[] } }>;
  };
  const names = (path: string) => paths[`/${lane}/${path}`]?.get.parameters.map(({ name }) => name);
  assert.deepEqual(
    [names("underscores"), names("underscore"), names("headers")],
    [["save_data", "x_tag"], ["strange_header"], ["save-data", "x-tag"]],
  );
});
