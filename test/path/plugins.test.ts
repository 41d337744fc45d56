import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { App } from "offloop";
import { HandshakeRefused, type TestClient, testClient } from "offloop/testing";
import { asked } from "../fixtures/plugins/situations.ts";
import { eachLane, type LaneName, lanes } from "../fixtures/running.ts";

/** How a plugin shows that it has seen a request. */
interface Mark {
  /** The method of the requests that it looks at. Default GET. */
  readonly method?: string;
  /** Whether it is on the answer. */
  readonly isOn: (answer: Answer) => boolean;
}

/** The head of what is answered. */
type Answer = Pick<Response, "status" | "headers">;

const byHeader = (name: string): Mark => ({ isOn: (answer) => answer.headers.has(name) });

/** In the order of the table. */
const marks: Readonly<Record<string, Mark>> = {
  cors: byHeader("access-control-allow-origin"),
  compress: byHeader("content-encoding"),
  helmet: byHeader("x-content-type-options"),
  "rate-limit": byHeader("x-ratelimit-remaining"),
  static: byHeader("cache-control"),
  csrf: { method: "POST", isOn: ({ status }) => status === 403 },
  "request-context": { isOn: (answer) => answer.headers.get("x-tenant") === "ada" },
  around: byHeader("x-around"),
};

const headers = { origin: "https://shop.example", "accept-encoding": "gzip", "x-tenant": "ada" };

/** The client of an app that threads find in a file of its own. */
async function open(name: string): Promise<TestClient> {
  const url = new URL(`../fixtures/plugins/${name}.ts`, import.meta.url);
  const { default: app } = (await import(url.href)) as { default: App };
  return testClient(app, { module: url.href, socket: true });
}

/** Asks in every situation. A plugin may answer it in its own way. */
async function seen(client: TestClient, lane: LaneName, mark: Mark): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, { status, path, method = mark.method ?? "GET", isHandshake }] of Object.entries(asked)) {
    const url = `/${lane}${path}`;
    const ask = (): Promise<Answer> =>
      isHandshake ? handshake(client, url) : client.request(method, url, { headers });
    const holds = name === "503" && lane === "thread" && mark.method === undefined;
    let answer = await (holds ? refused(client, ask) : ask());
    // The thread that was held is replaced by another, which has to start.
    while (status !== 503 && answer.status === 503) answer = await ask();
    const isSeen = mark.isOn(answer);
    if (mark.method === undefined || !isSeen) assert.equal(answer.status, status, `${name} on ${lane}`);
    found[name] = isSeen ? "yes" : "no";
  }
  return found;
}

/** The answer to a handshake. */
async function handshake(client: TestClient, path: string, sent = headers): Promise<Answer> {
  try {
    await using socket = await client.websocket(path, { headers: sent });
    return { status: 101, headers: socket.headers };
  } catch (error) {
    if (error instanceof HandshakeRefused) return error.response;
    throw error;
  }
}

/** Asks for what holds the one thread until one is refused. */
async function refused(client: TestClient, hold: () => Promise<Answer>): Promise<Answer> {
  const held: Promise<unknown>[] = [];
  let found: Answer | undefined;
  while (found === undefined) {
    held.push(
      hold().then((response) => {
        if (response.status === 503) found = response;
      }),
    );
    await client.get("/loop/value");
  }
  await Promise.all(held);
  return found;
}

test("the table of plugins on the page is what they do", async (t) => {
  const rows = new Map<string, string[]>(Object.keys(asked).map((name) => [name, []]));
  for (const [plugin, mark] of Object.entries(marks)) {
    await using client = await open(plugin);
    const [loop, thread] = [await seen(client, "loop", mark), await seen(client, "thread", mark)];
    for (const [name, cells] of rows) {
      assert.equal(loop[name], thread[name], `${plugin} sees ${name} the same on both lanes`);
      cells.push(loop[name] ?? "");
    }
  }
  const lines = [...rows].map(([name, cells]) => `| ${[name, ...cells].join(" | ")} |`);
  for (const line of lines) t.diagnostic(line);
  const page = readFileSync(new URL("../../docs/plugins.md", import.meta.url), "utf8");
  for (const line of lines) assert.ok(page.includes(line), `docs/plugins.md lacks ${line}`);
});

function withPlugin(name: string, tests: (client: () => TestClient) => void): void {
  describe(name, () => {
    let client: TestClient;
    before(async () => {
      client = await open(name);
    });
    after(() => client.close());
    tests(() => client);
  });
}

withPlugin("cors", (client) => {
  eachLane(
    "a preflight is answered by the plugin, before any operation and for a path that is not there",
    async (lane) => {
      for (const path of [`/${lane}/value`, `/${lane}/nothing`]) {
        const response = await client().options(path, {
          headers: { ...headers, "access-control-request-method": "DELETE" },
        });
        assert.equal(response.status, 204);
        assert.equal(response.headers.get("access-control-allow-origin"), "https://shop.example");
        assert.match(response.headers.get("access-control-allow-methods") ?? "", /DELETE/);
        assert.equal(response.headers.get("access-control-max-age"), "600");
      }
    },
  );
  eachLane("OPTIONS that is no preflight, and another origin, get nothing", async (lane) => {
    assert.equal((await client().options(`/${lane}/value`)).status, 400);
    const other = await client().get(`/${lane}/value`, { headers: { origin: "https://evil.example" } });
    assert.equal(other.headers.get("access-control-allow-origin"), null);
  });
  eachLane("a page of another origin may open a websocket: browsers do not ask CORS for it", async (lane) => {
    const sent = { ...headers, origin: "https://evil.example" };
    assert.equal((await handshake(client(), `/${lane}/socket`, sent)).status, 101);
  });
});

withPlugin("compress", (client) => {
  eachLane("a body is compressed where the client takes it, whole and streamed", async (lane) => {
    const unpacked = async (path: string) => {
      const response = await client().get(path, { headers });
      assert.equal(response.headers.get("content-encoding"), "gzip");
      return response.text(); // fetch unpacks it
    };
    assert.match(await unpacked(`/${lane}/value`), /^\{"large":"a line/);
    assert.match(await unpacked(`/${lane}/stream`), /^a line/);
    const plain = await client().get(`/${lane}/value`, { headers: { "accept-encoding": "identity" } });
    assert.equal(plain.headers.get("content-encoding"), null);
  });
  eachLane("a compressed body reaches the operation as JSON, and one that is not is a 4xx", async (lane) => {
    const post = (body: Uint8Array<ArrayBuffer>) =>
      client().post(`/${lane}/value`, {
        body,
        headers: { "content-type": "application/json", "content-encoding": "gzip" },
      });
    const response = await post(Uint8Array.from(gzipSync('{"size": 7}')));
    assert.deepEqual([response.status, await response.json()], [200, { size: 7 }]);
    const { status } = await post(Uint8Array.from(Buffer.from('{"size": 7}')));
    assert.ok(status >= 400 && status < 500, String(status));
  });
});

withPlugin("rate-limit", (client) => {
  test("a client that asks too often is refused with 429 in offloop's shape, wherever it asks, handshakes too", async () => {
    let response = await client().get("/nothing");
    for (let count = 0; count < 1_000; count++) response = await client().get("/nothing");
    assert.equal(response.status, 429);
    assert.ok(Number(response.headers.get("retry-after")) > 0);
    const { detail } = (await response.json()) as { detail: string };
    assert.match(detail, /^Rate limit exceeded, retry in /);
    for (const path of ["/loop/socket", "/loop/value", "/nothing"])
      assert.equal((await handshake(client(), path)).status, 429, path);
  });
});

eachLane("a handshake in the process is counted as its requests are", async (lane) => {
  const url = new URL("../fixtures/plugins/rate-limit.ts", import.meta.url);
  await using client = await testClient(url);
  const left = async (answer: Promise<Answer>): Promise<number> =>
    Number((await answer).headers.get("x-ratelimit-remaining"));
  const before = await left(client.get(`/${lane}/value`));
  assert.equal((await handshake(client, `/${lane}/socket`)).status, 101);
  assert.equal(await left(handshake(client, `/${lane}/closed`)), before - 2);
});

withPlugin("static", (client) => {
  test("files are sent, and anything else is the app's 404", async () => {
    const file = await client().get("/static/twins.ts");
    assert.equal(file.headers.get("cache-control"), "public, max-age=3600");
    assert.equal((await client().head("/static/twins.ts")).status, 200);
    const missing = await client().get("/static/nothing.ts");
    assert.deepEqual([missing.status, await missing.json()], [404, { detail: "Not Found" }]);
    assert.equal((await client().get("/static/..%2f..%2fpackage.json")).status, 404);
    assert.equal((await handshake(client(), "/static/twins.ts")).status, 404);
  });
});

withPlugin("csrf", (client) => {
  eachLane("a form of another site is refused, one with the token is not", async (lane) => {
    const json = { size: 1 };
    const refused = await client().post(`/${lane}/value`, { json });
    assert.deepEqual([refused.status, await refused.json()], [403, { detail: "Missing csrf secret" }]);
    const given = await client().get("/csrf");
    const { token } = (await given.json()) as { token: string };
    const cookie = (given.headers.get("set-cookie") ?? "").split(";")[0] as string;
    const sent = { json, headers: { cookie, "csrf-token": token } };
    assert.equal((await client().post(`/${lane}/value`, sent)).status, 200);
  });
});

withPlugin("request-context", (client) => {
  test("what a hook keeps is there for async operations and messages; a thread has none of it", async () => {
    const operations: unknown[] = [];
    const messages: unknown[] = [];
    for (const lane of lanes) {
      operations.push(await (await client().get(`/${lane}/tenant`, { headers })).json());
      await using socket = await client().websocket(`/${lane}/tenant`, { headers });
      socket.send("who?");
      messages.push(await socket.receive());
    }
    assert.deepEqual(operations, ["ada", "nobody"]);
    assert.deepEqual(messages, ["ada", "nobody"]);
  });
});
