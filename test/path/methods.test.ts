import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { App, OffloopError } from "offloop";
import { type TestClient, testClient } from "offloop/testing";
import app, { made, streams } from "../fixtures/methods-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
let client: TestClient;
before(async () => {
  server = await running(app);
  client = await testClient(app);
});
after(async () => {
  await client.close();
  await server.close();
});

/** Status line and headers, but for the date and what belongs to the connection; and what came after them. */
async function raw(method: string, path: string): Promise<{ head: string[]; body: string }> {
  const socket = await openSocket(server.url);
  socket.send(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const [head = "", body = ""] = (await socket.ended()).split(/\r\n\r\n(.*)/s);
  return {
    head: head.split("\r\n").filter((line) => !/^(date|connection|keep-alive|x-request-id):/i.test(line)),
    body,
  };
}

eachLane("HEAD has GET's status and headers, and no body", async (lane) => {
  for (const path of ["value", "created", "file", "items/7", "items/x", "nothing"]) {
    const get = await raw("GET", `/${lane}/${path}`);
    const head = await raw("HEAD", `/${lane}/${path}`);
    const length = /content-length: (\d+)/i;
    // The handler says which method it was, so its answer differs by one letter.
    const inItem = path === "items/7" ? 1 : 0;
    const lengthOf = ({ head }: { head: string[] }) => Number(length.exec(head.join("\n"))?.[1]);
    assert.equal(lengthOf(head), lengthOf(get) + inItem, path);
    assert.deepEqual(
      head.head.filter((line) => !length.test(line)),
      get.head.filter((line) => !length.test(line)),
      path,
    );
    assert.ok(get.body.length > 0);
    assert.equal(head.body, "");
  }
});

eachLane(
  "HEAD makes no chunk of a stream, an event stream or a generator, and closes what was opened",
  async (lane) => {
    for (const path of ["generator", "events", "web", "file-stream"]) {
      const { head, body } = await raw("HEAD", `/${lane}/${path}`);
      assert.equal(head[0], "HTTP/1.1 200 OK");
      assert.equal(body, "");
      const types = {
        generator: "application/jsonl",
        events: "text/event-stream",
        "file-stream": "text/plain; charset=utf-8",
      };
      const type = (types as Record<string, string>)[path];
      if (type !== undefined)
        assert.ok(
          head.some((line) => line.startsWith(`content-type: ${type}`)),
          path,
        );
    }
    assert.deepEqual(made, []);
    for (const stream of streams) if (!("closed" in stream && stream.closed)) await once(stream, "close");
    assert.ok(lane === "thread" || streams.length === 1);
  },
);

eachLane(
  "HEAD leaves the connection usable, and is answered in its own way where an operation says so",
  async (lane) => {
    const socket = await openSocket(server.url);
    socket.send(`HEAD /${lane}/value HTTP/1.1\r\nHost: a\r\n\r\n`);
    await socket.until((received) => received.endsWith("\r\n\r\n"));
    socket.send(`HEAD /${lane}/own/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(await socket.ended(), /x-own: HEAD/);
  },
);

eachLane("HEAD is among what a path allows; OPTIONS is answered by no operation of itself", async (lane) => {
  const allowed = async (path: string, method: string) => {
    const response = await client.request(method, path);
    return [response.status, response.headers.get("allow")];
  };
  assert.deepEqual(await allowed(`/${lane}/value`, "POST"), [405, "GET, HEAD"]);
  assert.deepEqual(await allowed(`/${lane}/value`, "OPTIONS"), [405, "GET, HEAD"]);
  assert.deepEqual(await allowed(`/several/${lane}/1`, "HEAD"), [405, "POST, PUT"]);
});

eachLane(
  "a long value in a path is answered like a short one: 405 with Allow, 307 without the slash",
  async (lane) => {
    const path = `/${lane}/items/${"1".repeat(200)}`;
    const wrong = await client.delete(path);
    assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD"]);
    const moved = await client.get(`${path}/`);
    assert.equal(moved.status, 307);
    assert.ok(moved.headers.get("location")?.endsWith(path));
  },
);

eachLane("HEAD reaches a handler as HEAD, in process too", async (lane) => {
  const response = await client.head(`/${lane}/items/7`);
  assert.deepEqual([response.status, await response.text()], [200, ""]);
});

test("the document does not list HEAD", async () => {
  const document = (await (await client.get("/openapi.json")).json()) as { paths: Record<string, object> };
  assert.deepEqual(Object.keys(document.paths["/loop/value"] as object), ["get"]);
});

eachLane("route() answers several methods with one handler", async (lane) => {
  for (const method of ["POST", "PUT"]) {
    const response = await client.request(method, `/several/${lane}/a?q=2`);
    assert.deepEqual(await response.json(), { method, id: "a", q: 2 });
  }
  assert.equal((await client.request("PATCH", `/several/${lane}/a`)).status, 405);
});

test("route() takes a path without options, and each method is in the document", async () => {
  assert.equal(await (await client.get("/several/plain")).json(), "GET");
  assert.equal(await (await client.delete("/several/plain")).json(), "DELETE");
  const document = (await (await client.get("/openapi.json")).json()) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const { post, put } = document.paths["/several/loop/{id}"] as Record<string, { operationId: string }>;
  assert.deepEqual(
    [post?.operationId, put?.operationId],
    ["both_several_loop__id__post", "both_several_loop__id__put"],
  );
});

test("route() refuses anything but a method, and an empty list", () => {
  for (const wrong of [[], ["get"], "GET", ["GET", "BREW"], undefined])
    assert.throws(
      () => new App().route(wrong as never, "/", async () => null),
      (error) =>
        error instanceof OffloopError &&
        error.code === "OFFLOOP_OPTION_INVALID" &&
        error.at?.file === import.meta.filename,
    );
});

test("a method that no operation can have is a 405 where there is another, and a 404 elsewhere", async () => {
  for (const method of ["QUERY", "PROPFIND", "LINK", "M-SEARCH"]) {
    assert.equal((await raw(method, "/loop/value")).head[0], "HTTP/1.1 405 Method Not Allowed", method);
    assert.equal((await raw(method, "/nobody")).head[0], "HTTP/1.1 404 Not Found", method);
  }
});
