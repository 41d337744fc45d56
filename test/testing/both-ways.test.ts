import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testClient } from "offloop/testing";
import { journal } from "../fixtures/journal.ts";
import { lanes } from "../fixtures/running.ts";
import app, { ABORTED, ARRIVED, context, TASK_RAN } from "../fixtures/tested-app.ts";

const what = (): number[] => journal.lines().map((line) => line.what);

for (const socket of [false, true])
  for (const lane of lanes)
    describe(`testClient() [${lane}]${socket ? ", through a socket" : ""}`, () => {
      test("a signal abandons a request whose body has been read, as a client that hangs up", async () => {
        await using client = await testClient(app, { socket });
        journal.clear();
        const leaving = new AbortController();
        const request = client.post(`/${lane}/waits`, { json: [1], signal: leaving.signal });
        await journal.written(1);
        const reason = new Error("I have to go");
        leaving.abort(reason);
        await assert.rejects(request, reason);
        await journal.written(2);
        assert.deepEqual(what(), [ARRIVED, ABORTED]);
      });

      test("a path is sent as fetch sends it, with the query added", async () => {
        await using client = await testClient(app, { socket });
        const sent = async (path: string, query?: Record<string, unknown>): Promise<unknown> =>
          ((await (await client.get(path, { query })).json()) as { url: string }).url.replace(`/${lane}`, "");
        assert.equal(await sent(`/${lane}/sent?a=ü b#here`), "/sent?a=%C3%BC%20b");
        assert.equal(await sent(`${lane}/x/../sent`, { b: ["1", "&"] }), "/sent?b=1&b=%26");
        assert.equal(await sent(`/${lane}/sent?a=1#here`, { b: 2, left: undefined }), "/sent?a=1&b=2");
        assert.equal(await sent(`${client.url}/${lane}/sent`), "/sent");
      });

      test("location can be followed, the URL of another server is refused", async () => {
        await using client = await testClient(app, { socket });
        const { status, headers } = await client.get(`/${lane}/slash/`);
        assert.equal(status, 307);
        assert.equal(await (await client.get(headers.get("location") ?? "")).json(), "slash");
        await assert.rejects(client.get(`http://www.example.com/${lane}/slash`), {
          code: "OFFLOOP_OPTION_INVALID",
          message:
            /^Cannot send a request to "http:\/\/www\.example\.com\/.*: the client reaches only its app, http:/,
        });
      });

      test("a header is sent as HTTP allows: repeated, trimmed, or refused", async () => {
        await using client = await testClient(app, { socket });
        const tags = async (...values: string[]): Promise<unknown> => {
          const headers = values.map((value): [string, string] => ["X-Tags", value]);
          return ((await (await client.get(`/${lane}/sent`, { headers })).json()) as { tags: string[] }).tags;
        };
        assert.deepEqual(await tags("a", " b "), ["a", "b"]);
        for (const value of ["a\r\nx-tags: b", "a\u{1f600}"])
          await assert.rejects(tags(value), { code: "ERR_INVALID_CHAR" });
      });

      test("a request has nothing of the async context that it is sent in", async () => {
        await using client = await testClient(app, { socket });
        await context.run("the test's", async () => {
          assert.equal(await (await client.post(`/${lane}/context`, { json: [1] })).json(), "none");
          await using opened = await client.websocket("/context");
          opened.send("?");
          assert.equal(await opened.receive(), "none");
          assert.equal(context.getStore(), "the test's");
        });
      });

      test("a field that is undefined is left out", async () => {
        await using client = await testClient(app, { socket });
        const response = await client.post(`/${lane}/form`, { form: { a: "1", b: undefined, c: ["2"] } });
        assert.deepEqual(await response.json(), ["a", "c"]);
      });

      test("a response that breaks off rejects its body, and names the request", async () => {
        await using client = await testClient(app, { socket });
        const response = await client.get(`/${lane}/breaks`);
        await assert.rejects(response.text(), {
          name: "TypeError",
          message: `The response to GET /${lane}/breaks broke off: its connection ended`,
        });
      });

      test("a response of known length holds nothing up when it is not read", async () => {
        await using client = await testClient(app, { socket });
        for (const path of ["large", "large-packed"]) {
          journal.clear();
          await client.get(`/${lane}/${path}`);
          await client.settled();
          assert.deepEqual(what(), [TASK_RAN], path);
        }
      });

      test("a packed body is unpacked, as by fetch; of an unknown coding, the bytes are given", async () => {
        await using client = await testClient(app, { socket });
        for (const codings of ["gzip", "deflate", "br", "zstd", "br-gzip", "unknown"]) {
          const response = await client.get(`/${lane}/packed/${codings}`);
          assert.equal(response.headers.get("content-encoding"), codings.replace("-", ", "));
          assert.equal(await response.text(), "one two three", codings);
        }
      });

      test("a response has its status text, HEAD has no body", async () => {
        await using client = await testClient(app, { socket });
        const { status, statusText, body } = await client.head(`/${lane}/sent`);
        assert.deepEqual([status, statusText, body], [200, "OK", null]);
      });
    });
