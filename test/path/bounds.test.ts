import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import app from "../fixtures/bounds-app.ts";
import { type Answer, type Client, createClient } from "../fixtures/client.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
let client: Client;
before(async () => {
  server = await running(app, { accessLog: false });
  client = createClient(server.url);
});
after(async () => {
  client.close();
  await server.close();
});

interface Detail {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Record<string, unknown>;
}

function post(path: string, body: unknown, type = "application/json"): Promise<Answer> {
  const bytes = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return client.ask(path, { method: "POST", headers: { "content-type": type }, body: bytes });
}

function detailOf({ status, body }: Answer): Detail[] {
  assert.equal(status, 422, body.toString().slice(0, 200));
  return (JSON.parse(body.toString()) as { detail: Detail[] }).detail;
}

const MORE = "too_many_mistakes";

for (const library of ["strings", "valibot", "arktype"])
  eachLane(
    `422: of 40,000 mistakes of ${library} the first 100 are told, and that there are more`,
    async (lane) => {
      const detail = detailOf(await post(`/${lane}/${library}`, Array(40_000).fill(1)));
      assert.equal(detail.length, 101);
      assert.deepEqual(detail[0]?.loc, ["body", 0]);
      assert.deepEqual(detail[99]?.loc, ["body", 99]);
      assert.deepEqual(detail[100], {
        type: MORE,
        loc: ["body"],
        msg: "There are more mistakes: the first 100 are shown",
        input: null,
      });
    },
  );

eachLane("422: 100 mistakes are all told, without a sign of more", async (lane) => {
  const detail = detailOf(await post(`/${lane}/strings`, Array(100).fill(1)));
  assert.deepEqual([detail.length, detail.some(({ type }) => type === MORE)], [100, false]);
});

eachLane("422: mistakes at the end of a long list, and beside it, are found", async (lane) => {
  const list = [...Array(20_000).fill("a"), 7, ...Array(20_000).fill("b")];
  assert.deepEqual(
    detailOf(await post(`/${lane}/strings`, list)).map(({ loc }) => loc),
    [["body", 20_000]],
  );
  const numbers = [...Array(20_000).fill("1.5"), "x"];
  assert.deepEqual(
    detailOf(await post(`/${lane}/numbers`, numbers)).map(({ loc, input }) => [loc, input]),
    [[["body", 20_000], "x"]],
  );
});

eachLane("422: an error handler is given as many mistakes as a client would be", async (lane) => {
  const { body } = await post(`/told/${lane}/strings`, Array(40_000).fill(1));
  assert.deepEqual(JSON.parse(body.toString()), { count: 101 });
});

eachLane("422: is no larger than its bounds, whatever is echoed, named or said", async (lane) => {
  const long = "x".repeat(50_000);
  const deepNames = Array.from({ length: 190 }).reduce((inner) => ({ ["k".repeat(2_000)]: inner }), "x");
  const bodies: [path: string, body: unknown][] = [
    ["wide", { other: long, list: Array(20_000).fill(0) }],
    ["strict", Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [`${n}`, long.slice(0, 5)]))],
    ["strict", { [long]: 1 }],
    ["record", { [long]: "x", b: long }],
    [
      "valibot",
      Array(200)
        .fill(null)
        .map((_, n) => ({ n, long: long.slice(0, 2_000) })),
    ],
    [
      "arktype",
      Array(200)
        .fill(null)
        .map(() => [long.slice(0, 2_000)]),
    ],
    ["record", deepNames],
    ["pet-list", Array(200).fill({ kind: long.slice(0, 3_000) })],
  ];
  for (const [path, body] of bodies) {
    const answer = await post(`/${lane}/${path}`, body);
    assert.equal(answer.status, 422, path);
    assert.ok(answer.body.length < 600_000, `${path}: ${answer.body.length} bytes`);
  }
});

eachLane("422: what is left out of input shows as …", async (lane) => {
  const [text] = detailOf(await post(`/${lane}/numbers`, ["y".repeat(5_000)]));
  assert.ok(String(text?.input).endsWith("…") && String(text?.input).length <= 1_025);
  const [list] = detailOf(await post(`/${lane}/wide`, Array(5_000).fill(1)));
  assert.equal((list?.input as unknown[] | undefined)?.at(-1), "…");
  const [object] = detailOf(await post(`/${lane}/wide`, { a: "z".repeat(2_000), b: 1 }));
  assert.deepEqual(Object.keys(object?.input as object), ["a", "…"]);
});

eachLane("JSON: more values than the lane may parse are a 413 that says how many", async (lane) => {
  const most = lane === "loop" ? 50_000 : 1_000_000;
  assert.equal((await post(`/${lane}/any`, `[${"1,".repeat(most - 3)}1]`)).status, 200);
  const { status, body } = await post(`/${lane}/any`, `[${"1,".repeat(most + 1)}1]`);
  assert.equal(status, 413);
  assert.match(body.toString(), new RegExp(`more than ${most} values`));
  if (lane === "loop") {
    const { level, msg, operation } = await server.logged(({ msg }) =>
      msg.includes("more than 50000 values"),
    );
    assert.deepEqual([level, operation], [40, "POST /loop/any"]);
    assert.match(
      msg,
      /^Cannot parse .* for POST \/loop\/any\n {2}at .*\n {2}fix make the operation a plain function, .*maxLoopValues$/,
    );
  }
  // What stands in a text is no value.
  assert.equal(
    (await post(`/${lane}/any`, JSON.stringify('[{,\\"'.repeat(150_000)))).status,
    lane === "loop" ? 413 : 200,
  );
});

test("body: an async operation parses 1 MiB, a plain one 10; the log says what to do", async () => {
  const body = (bytes: number): string => `"${"x".repeat(bytes - 2)}"`;
  assert.equal((await post("/loop/any", body(1_048_576))).status, 200);
  const refused = await post("/loop/any", body(1_048_577));
  assert.equal(refused.status, 413);
  const { msg, code } = await server.logged(({ code }) => code === "OFFLOOP_BODY_TOO_LARGE");
  assert.match(msg, /POST \/loop\/any.*fix make the operation a plain function/s);
  assert.equal(code, "OFFLOOP_BODY_TOO_LARGE");
  assert.equal((await post("/thread/any", body(10_485_760))).status, 200);
  assert.equal((await post("/thread/any", body(10_485_761))).status, 413);
  assert.equal((await post("/loop/raised", body(2_500_000))).status, 200, "its own maxBodyBytes wins");
});

eachLane("form: a field of more than 1 MiB is a 400, one of as much is read", async (lane) => {
  const send = (bytes: number): Promise<Response> => {
    const form = new FormData();
    form.set("a", "x".repeat(bytes));
    return fetch(`${server.url}/${lane}/text`, { method: "POST", body: form });
  };
  assert.equal((await send(1_048_576)).status, 200);
  const refused = await send(1_048_577);
  assert.deepEqual(
    [refused.status, await refused.json()],
    [400, { detail: "Part exceeded maximum size of 1024KB." }],
  );
});

test("body: a multipart form of an async operation may have 10 MiB", async () => {
  const form = new FormData();
  for (const name of ["a", "b", "c"]) form.set(name, "x".repeat(1_000_000));
  assert.equal((await fetch(`${server.url}/loop/text`, { method: "POST", body: form })).status, 200);
  const large = `a=${"x".repeat(3_000_000)}`;
  assert.equal((await post("/loop/text", large, "application/x-www-form-urlencoded")).status, 413);
});

eachLane("names: more than 1,000 in a query or an urlencoded form are a 400", async (lane) => {
  const pairs = (count: number): string => Array.from({ length: count }, (_, n) => `k${n}=1`).join("&");
  assert.equal((await client.ask(`/${lane}/number?n=1&${pairs(999)}`)).status, 200);
  assert.equal((await client.ask(`/${lane}/number?n=1&${pairs(1_000)}`)).status, 400);
  const form = "application/x-www-form-urlencoded";
  assert.equal((await post(`/${lane}/text`, pairs(1_000), form)).status, 200);
  const { status, body } = await post(`/${lane}/text`, pairs(1_001), form);
  assert.deepEqual(
    [status, JSON.parse(body.toString())],
    [400, { detail: "Too many fields. Maximum number of fields is 1000." }],
  );
});

eachLane(
  "depth: a recursive schema is checked down to 200 levels, and its mistakes are told",
  async (lane) => {
    const tree = (levels: number, leaf: unknown): unknown =>
      Array.from({ length: levels }).reduce((inner) => ({ items: [inner] }), leaf);
    assert.equal((await post(`/${lane}/tree`, tree(99, { items: [] }))).status, 200);
    const [detail] = detailOf(await post(`/${lane}/tree`, tree(99, { items: 1 })));
    assert.equal(detail?.loc.length, 200);
    assert.equal((await post(`/${lane}/tree`, tree(101, { items: [] }))).status, 422);
  },
);

eachLane("numbers: of more than 4,300 digits none is made", async (lane) => {
  for (const path of ["number", "big"]) {
    assert.equal((await client.ask(`/${lane}/${path}?n=${"1".repeat(4_301)}`)).status, 422, path);
    assert.equal((await client.ask(`/${lane}/${path}?n=${"1".repeat(9_000)}x`)).status, 422, path);
  }
  assert.equal((await client.ask(`/${lane}/big?n=${"1".repeat(300)}`)).status, 200);
});

eachLane("422: tells no place of the server's disk, nor does a returned file", async (lane) => {
  const upload = async (bytes: number): Promise<string> => {
    const form = new FormData();
    form.set("file", new File(["x".repeat(bytes)], "a.txt", { type: "text/plain" }));
    return (await fetch(`${server.url}/${lane}/file`, { method: "POST", body: form })).text();
  };
  const { detail } = JSON.parse(await upload(2_000_000)) as { detail: Detail[] };
  assert.deepEqual(detail[0]?.input, { name: "a.txt", type: "text/plain", size: 2_000_000 });
  assert.deepEqual(JSON.parse(await upload(1_200_000)), {
    name: "a.txt",
    type: "text/plain",
    size: 1_200_000,
  });
});

eachLane("422: shows no secret, its own or beside another mistake", async (lane) => {
  const form = new URLSearchParams({ password: "hunter22" }).toString();
  const token = await post(`/${lane}/token`, form, "application/x-www-form-urlencoded");
  assert.deepEqual(
    detailOf(token).map(({ loc, input }) => [loc, input]),
    [[["body", "username"], null]],
  );
  for (const body of [{ secret: "hunter2" }, { name: 1, secret: "hunter2" }]) {
    const answer = await post(`/${lane}/secret`, body);
    assert.doesNotMatch(answer.body.toString(), /hunter2/);
    assert.equal(answer.status, 422);
  }
  const answer = await post(`/${lane}/secret/valibot`, { secret: "hunter2" });
  assert.deepEqual([answer.status, answer.body.includes("hunter2")], [422, false]);
});

eachLane("422: says what is wrong with a secret, unless that quotes it", async (lane) => {
  for (const [secret, msg] of [
    ["hunter2", "Too small: expected string to have >=8 characters"],
    ["", "Too small: expected string to have >=8 characters"],
    [7, "Invalid input: expected string, received number"],
    [{ a: "hunter2" }, "Invalid input"],
  ]) {
    const answer = await post(`/${lane}/secret`, { name: "ada", secret });
    assert.deepEqual(
      detailOf(answer).map(({ loc, msg, input }) => [loc, msg, input]),
      [[["body", "secret"], msg, null]],
    );
  }
  const answer = await post(`/${lane}/secret/quoted`, { quoted: "hunter2" });
  assert.deepEqual(
    detailOf(answer).map(({ msg, input }) => [msg, input]),
    [["Invalid input", null]],
  );
});

eachLane("422: shows no credentials that were sent along with a header model", async (lane) => {
  const headers = { authorization: "Bearer hunter2", cookie: "s=hunter2", "x-other": "shown" };
  const answer = await client.ask(`/${lane}/user`, { headers });
  assert.deepEqual([answer.body.includes("hunter2"), answer.body.includes("shown")], [false, true]);
  assert.deepEqual(detailOf(answer)[0]?.loc, ["header", "x-user"]);
});
