import assert from "node:assert/strict";
import { after, before } from "node:test";
import app from "../fixtures/inputs-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

const ask = (path: string, method = "GET"): Promise<Response> => fetch(server.url + path, { method });

eachLane("reply: values are JSON, undefined is null", async (lane) => {
  for (const [path, body] of [
    ["undefined", "null"],
    ["null", "null"],
    ["string", '"ok"'],
    ["date", '{"at":"1970-01-01T00:00:00.000Z","list":[null]}'],
    ["promise", '"later"'],
  ]) {
    const response = await ask(`/${lane}/value/${path}`);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(await response.text(), body);
  }
});

eachLane("reply: a large body arrives whole, its length in bytes", async (lane) => {
  const response = await ask(`/${lane}/value/large`);
  assert.equal(response.headers.get("content-length"), "2000002");
  assert.equal(await response.json(), "ä".repeat(1_000_000));
});

eachLane("reply: the declared status, and none of the body for 204", async (lane) => {
  assert.equal((await ask(`/${lane}/created`, "POST")).status, 201);
  const gone = await ask(`/${lane}/gone`, "DELETE");
  assert.deepEqual([gone.status, gone.headers.get("content-type"), await gone.text()], [204, null, ""]);
});

eachLane("reply: none of the body for 205", async (lane) => {
  const reset = await ask(`/${lane}/reset`, "POST");
  assert.equal(reset.status, 205);
  assert.deepEqual([reset.headers.get("content-type"), reset.headers.get("content-length")], [null, "0"]);
});

eachLane("reply: status and headers from the context, cookies apart", async (lane) => {
  const response = await ask(`/${lane}/chosen`);
  assert.deepEqual(
    [response.status, response.headers.get("x-one"), response.headers.getSetCookie()],
    [202, "1", ["a=1", "b=2; Path=/"]],
  );
  assert.deepEqual(await response.json(), { status: 202 });
});

eachLane(
  "reply: a header's Latin-1 letters are one byte each, whatever the letters of the body",
  async (lane) => {
    for (const text of ["plain", "é", "日本語"]) {
      const response = await ask(`/${lane}/accented/${encodeURIComponent(text)}`);
      assert.equal(response.headers.get("x-name"), "Zoë");
      assert.deepEqual(await response.json(), { text });
    }
  },
);

eachLane("HTTPError: status, detail and headers reach the client", async (lane) => {
  const response = await ask(`/${lane}/http-error`);
  assert.deepEqual(
    [response.status, response.headers.get("x-error"), await response.json()],
    [418, "short and stout", { detail: { reason: "tea" } }],
  );
  assert.deepEqual(await (await ask(`/${lane}/http-error/plain`)).json(), { detail: "Not Found" });
});

eachLane(
  "an error that is not for the client: 500 without internals, logged with its stack",
  async (lane) => {
    for (const path of ["boom", "boom/rejected"]) {
      const response = await ask(`/${lane}/${path}`);
      assert.deepEqual([response.status, await response.text()], [500, '{"detail":"Internal Server Error"}']);
      const entry = await server.logged(({ operation }) => operation === `GET /${lane}/${path}`);
      const { message, stack } = entry.err as { message: string; stack: string };
      assert.equal(message, "the secret is 42");
      assert.match(stack, /inputs-app\.ts:\d+/);
      assert.doesNotMatch(stack, /src\/operation/);
    }
  },
);

eachLane("a thrown value that is no Error is a 500, and logged", async (lane) => {
  assert.equal((await ask(`/${lane}/boom/value`)).status, 500);
  const entry = await server.logged(({ operation }) => operation === `GET /${lane}/boom/value`);
  assert.equal((entry.err as { message: string }).message, '{"secret":42}');
});

eachLane("a value that is no JSON is a 500, and the server goes on", async (lane) => {
  assert.equal((await ask(`/${lane}/value/circular`)).status, 500);
  assert.equal((await ask(`/${lane}/bad-status`)).status, 500);
  assert.equal((await ask(`/${lane}/value/string`)).status, 200);
});

eachLane("a promise in what is returned is a 500 whose log names its field", async (lane) => {
  const path = `/${lane}/value/unawaited`;
  assert.equal((await ask(path)).status, 500);
  const { err } = await server.logged(({ operation }) => operation === `GET ${path}`);
  assert.match(
    (err as Error).message,
    /^Cannot send the result of GET .*: its "item" is a promise\n {2}at test\/fixtures\/.*:\d+:\d+\n {2}fix await it/,
  );
});

eachLane("a header with a line break is a 500, never a second header", async (lane) => {
  for (const path of ["inject", "inject/error"]) {
    const response = await ask(`/${lane}/${path}?value=${encodeURIComponent("a\r\nx-evil: 1")}`);
    assert.deepEqual([response.status, response.headers.get("x-evil")], [500, null]);
  }
  assert.equal((await ask(`/${lane}/inject?value=fine`)).headers.get("x-echo"), "fine");
});

eachLane("unknown path, unknown method, last slash: FastAPI's answers", async (lane) => {
  const unknown = await ask(`/${lane}/nope`);
  assert.deepEqual([unknown.status, await unknown.json()], [404, { detail: "Not Found" }]);
  const method = await ask(`/${lane}/items/1`, "PUT");
  assert.deepEqual(
    [method.status, method.headers.get("allow"), await method.json()],
    [405, "GET, HEAD, POST", { detail: "Method Not Allowed" }],
  );
  const slash = await fetch(`${server.url}/${lane}/where/?a=1`, { redirect: "manual" });
  assert.deepEqual([slash.status, slash.headers.get("location")], [307, `${server.url}/${lane}/where?a=1`]);
});

eachLane("an escaped slash is part of a name, not of the path", async (lane) => {
  const path = `/${lane}/names/1%2F2/By%2Fe`;
  const answer = await ask(path);
  assert.deepEqual([answer.status, await answer.json()], [200, { first: "1/2", last: "By/e" }]);
  const other = await ask(path, "DELETE");
  assert.deepEqual([other.status, other.headers.get("allow")], [405, "GET, HEAD"]);
  assert.equal((await ask(`/${lane}/names/1%2F2`)).status, 404);
});

eachLane("a name in the path without a value is not found, as in Starlette's router", async (lane) => {
  for (const path of ["names//Byron", "names/Ada/"])
    assert.equal((await ask(`/${lane}/${path}`)).status, 404, path);
  // Nor is it what a missing last slash could mean.
  assert.equal((await fetch(`${server.url}/${lane}/names/Ada`, { redirect: "manual" })).status, 404);
  assert.equal((await ask(`/${lane}/files/`)).status, 200);
});
