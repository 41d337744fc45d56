import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type TestClient, testClient } from "offloop/testing";
import { eachLane } from "../fixtures/running.ts";
import app from "../fixtures/strict-types-app.ts";

let lax: TestClient;
let strict: TestClient;
before(async () => {
  lax = await testClient(app);
  strict = await testClient(app, { inputs: { strictTypes: true } });
});
after(async () => {
  await lax.close();
  await strict.close();
});

interface Mistake {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
}

/** What becomes of a JSON text: the answer, or the mistakes. */
async function post(client: TestClient, path: string, text: string): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const response = await client.post(path, { body: text, headers });
  if (response.status === 200) {
    const answer = (await response.json()) as { shown?: string };
    return answer.shown === undefined ? answer : JSON.parse(answer.shown);
  }
  assert.equal(response.status, 422, await response.clone().text());
  return ((await response.json()) as { detail: Mistake[] }).detail.map(({ type, loc }) => [
    type,
    loc.join("."),
  ]);
}

/** What only the lax mode takes: the value in it, and the type of the mistake in the strict one, which is pydantic's. */
const converted: readonly (readonly [name: string, json: string, lax: unknown, type: string])[] = [
  ["int", "true", 1, "int_type"],
  ["int", '"77"', 77, "int_type"],
  ["int", '" 77 "', 77, "int_type"],
  ["int", '"+5"', 5, "int_type"],
  ["int", "7.0", 7, "int_type"],
  ["int", "7e0", 7, "int_type"],
  ["int", "7.00000000000000001", 7, "int_type"],
  ["number", "true", 1, "float_type"],
  ["number", '"1e3"', 1000, "float_type"],
  ["big", "true", { bigint: "1" }, "int_type"],
  ["big", '"77"', { bigint: "77" }, "int_type"],
  ["big", "7.0", { bigint: "7" }, "int_type"],
  ["boolean", "1", true, "bool_type"],
  ["boolean", '"on"', true, "bool_type"],
  ["boolean", '"true"', true, "bool_type"],
  ["maybe", '"1"', 1, "int_type"],
];

eachLane("strict types: JSON values are taken as they are", async (lane) => {
  for (const [name, json, value, type] of converted) {
    const text = `{"${name}": ${json}}`;
    assert.deepEqual(await post(lax, `/${lane}/values`, text), { [name]: value }, `lax ${text}`);
    assert.deepEqual(await post(strict, `/${lane}/values`, text), [[type, `body.${name}`]], `strict ${text}`);
  }
});

eachLane("strict types: 7.0 in a body so long that it is looked at in steps", async (lane) => {
  const list = (last: string): string => `{"list": [${"7,".repeat(9_999)}${last}], "number": 7.0}`;
  const where = [["int_type", "body.list.9999"]];
  assert.deepEqual(await post(strict, `/${lane}/values`, list("7.0")), where);
  const fits = (await post(strict, `/${lane}/values`, list("7"))) as { list: number[] };
  assert.equal(fits.list.length, 10_000);
});

eachLane("strict types: within sets, maps, tuples, lists, records and unions, too", async (lane) => {
  for (const [text, mistakes] of [
    ['{"set": ["1"]}', [["int_type", "body.set"]]],
    ['{"map": {"a": "1"}}', [["int_type", "body.map.a"]]],
    ['{"tuple": ["1", "a"]}', [["int_type", "body.tuple.0"]]],
    [
      '{"list": [1, true, 7.0]}',
      [
        ["int_type", "body.list.1"],
        ["int_type", "body.list.2"],
      ],
    ],
    [
      '{"record": {"a": true, "b": 1.0}}',
      [
        ["int_type", "body.record.a"],
        ["int_type", "body.record.b"],
      ],
    ],
    ['{"inner": {"int": 7.0}}', [["int_type", "body.inner.int"]]],
    ['{"either": true}', [["invalid_union", "body.either"]]],
    ['{"either": 7.0}', [["int_type", "body.either"]]],
    ['{"truth": "true"}', [["invalid_union", "body.truth"]]],
    ['{"set": 5}', [["set_type", "body.set"]]],
    ['{"map": 5}', [["dict_type", "body.map"]]],
    ['{"list": 5}', [["list_type", "body.list"]]],
    ['{"tuple": 5}', [["tuple_type", "body.tuple"]]],
    ['{"inner": 5}', [["model_attributes_type", "body.inner"]]],
    ['{"text": 5}', [["string_type", "body.text"]]],
    ['{"date": 5}', [["datetime_type", "body.date"]]],
    ['{"date": "5"}', [["datetime_parsing", "body.date"]]],
    [
      '{"int": 7.5, "number": "x"}',
      [
        ["int_type", "body.int"],
        ["float_type", "body.number"],
      ],
    ],
  ] as const)
    assert.deepEqual(await post(strict, `/${lane}/values`, text), mistakes, text);
});

eachLane("strict types: what JSON lacks still comes from text, lists, objects and integers", async (lane) => {
  const sent = {
    date: "2026-01-31T10:00:00Z",
    day: "2026-01-31",
    bytes: "AQID",
    set: [1, 2, 2],
    days: ["2026-01-31"],
    map: { a: 1 },
    tuple: [1, "a"],
    kind: "card",
    truth: true,
    maybe: null,
    either: "7",
  };
  const read = {
    date: "2026-01-31T10:00:00.000Z",
    day: "2026-01-31",
    bytes: { bytes: [1, 2, 3] },
    set: { set: [1, 2] },
    days: { set: ["2026-01-31T00:00:00.000Z"] },
    map: { map: [["a", 1]] },
    tuple: [1, "a"],
    kind: "card",
    truth: true,
    maybe: null,
    either: "7",
  };
  for (const client of [strict, lax])
    assert.deepEqual(await post(client, `/${lane}/values`, JSON.stringify(sent)), read);
});

eachLane(
  "strict types: integers keep all their digits; where fractions are taken, 7.0 is one",
  async (lane) => {
    const digits = "123456789012345678901234567890";
    for (const client of [strict, lax]) {
      assert.deepEqual(
        await post(client, `/${lane}/values`, `{"big": ${digits}, "number": 9007199254740993}`),
        {
          big: { bigint: digits },
          number: 9007199254740992,
        },
      );
      assert.deepEqual(
        await post(client, `/${lane}/values`, '{"number": 7.0, "one": 1.0, "anything": 7.0, "big": 7}'),
        { number: 7, one: 1, anything: 7, big: { bigint: "7" } },
      );
    }
  },
);

eachLane("strict types: in a whole body, in each of its keys, in a tagged union", async (lane) => {
  assert.deepEqual(await post(strict, `/${lane}/whole`, "7"), { body: 7 });
  for (const text of ["7.0", "true", '"7"'])
    assert.deepEqual(await post(strict, `/${lane}/whole`, text), [["int_type", "body"]], text);
  assert.deepEqual(await post(lax, `/${lane}/whole`, "7.0"), { body: 7 });
  assert.deepEqual(await post(strict, `/${lane}/keys`, '{"amount": 7.0, "big": 1e3}'), [
    ["int_type", "body.amount"],
    ["int_type", "body.big"],
  ]);
  assert.deepEqual(await post(strict, `/${lane}/keys`, '{"amount": 7}'), { amount: 7 });
  assert.deepEqual(await post(strict, `/${lane}/tagged`, '{"by": "weight", "count": 7.0}'), {
    by: "weight",
    count: 7,
  });
  assert.deepEqual(await post(strict, `/${lane}/tagged`, '{"by": "piece", "count": 7.0}'), [
    ["int_type", "body.piece.count"],
  ]);
});

eachLane("strict types: a mistake says what was sent, in the words of the library", async (lane) => {
  const body = JSON.stringify({ int: true });
  const headers = { "content-type": "application/json" };
  const response = await strict.post(`/${lane}/values`, { body, headers });
  assert.deepEqual(await response.json(), {
    detail: [
      {
        type: "int_type",
        loc: ["body", "int"],
        msg: "Invalid input: expected number, received boolean",
        input: true,
      },
    ],
  });
});

eachLane("strict types: an operation's own option wins, for its dependencies, too", async (lane) => {
  const text = '{"int": "7"}';
  assert.deepEqual(await post(lax, `/${lane}/strict`, text), [["int_type", "body.int"]]);
  assert.deepEqual(await post(strict, `/${lane}/lax`, text), { int: 7 });
  assert.deepEqual(await post(lax, `/${lane}/dependency`, '{"amount": true}'), [["int_type", "body.amount"]]);
  assert.deepEqual(await post(lax, `/${lane}/dependency`, '{"amount": 7.0}'), [["int_type", "body.amount"]]);
  assert.deepEqual(await post(lax, `/${lane}/dependency`, '{"amount": 7}'), { amount: 7 });
});

eachLane("strict types: the same in a body that is checked in pieces", async (lane) => {
  const many = Array.from({ length: 3_000 }, (_, amount) => ({ amount, note: "tea" }));
  const text = (wrong: string) => JSON.stringify(many).replace('"amount":2500,', `"amount":${wrong},`);
  assert.deepEqual(await post(strict, `/${lane}/long`, text("2500")), { length: 3_000 });
  for (const wrong of ["true", '"7"', "7.0"]) {
    assert.deepEqual(await post(lax, `/${lane}/long`, text(wrong)), { length: 3_000 });
    assert.deepEqual(await post(strict, `/${lane}/long`, text(wrong)), [["int_type", "body.2500.amount"]]);
  }
});

eachLane("strict types: valibot and arktype", async (lane) => {
  for (const library of ["valibot", "arktype"]) {
    const path = `/${lane}/${library}`;
    for (const [name, json, type] of [
      ["int", "true", "int_type"],
      ["int", "7.0", "int_type"],
      ["int", "7.5", "int_type"],
      ["number", '"1"', "float_type"],
      ["boolean", "1", "bool_type"],
      ["date", "5", "datetime_type"],
    ] as const)
      assert.deepEqual(
        await post(strict, path, `{"${name}": ${json}}`),
        [[type, `body.${name}`]],
        `${library} ${name} ${json}`,
      );
    assert.deepEqual(await post(lax, path, '{"int": "7", "number": true, "boolean": 1}'), {
      int: 7,
      number: 1,
      boolean: true,
    });
    assert.deepEqual(await post(strict, path, '{"int": 7, "date": "2026-01-31"}'), {
      int: 7,
      date: "2026-01-31T00:00:00.000Z",
    });
  }
});

eachLane(
  "strict types: URLs, headers and forms are text, and results are converted as before",
  async (lane) => {
    const headers = { "content-type": "application/x-www-form-urlencoded", "x-n": "3" };
    const response = await strict.post(`/${lane}/text/1?n=2&on=yes`, { body: "n=4", headers });
    assert.deepEqual(await response.json(), {
      params: { id: 1 },
      query: { n: 2, on: true },
      headers: { x_n: 3 },
      form: { n: 4 },
    });
    assert.deepEqual(await (await strict.get(`/${lane}/response`)).json(), { amount: 7 });
  },
);

eachLane("strict types: messages of websockets", async (lane) => {
  for (const [client, name, isStrict] of [
    [strict, "values", true],
    [strict, "lax", false],
    [lax, "values", false],
    [lax, "strict", true],
  ] as const) {
    await using socket = await client.websocket(`/${lane}/socket/${name}`);
    for (const wrong of ["true", '"7"', "7.0"]) {
      socket.send(`{"int": ${wrong}}`);
      const answer = (await socket.receiveJson()) as { details?: Mistake[] };
      const types = answer.details?.map(({ type, loc }) => [type, loc.join(".")]);
      assert.deepEqual(types, isStrict ? [["int_type", "message.int"]] : undefined, `${name} ${wrong}`);
    }
    socket.send('{"int": 7, "date": "2026-01-31", "set": [1]}');
    const { shown } = (await socket.receiveJson()) as { shown: string };
    assert.deepEqual(JSON.parse(shown), { int: 7, date: "2026-01-31T00:00:00.000Z", set: { set: [1] } });
  }
});
