import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { after, before, test } from "node:test";
import { pino } from "pino";
import { createLogger } from "../../src/http/logs/logger.ts";
import app from "../fixtures/log-app.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { eachLane, type LogEntry, type Running, running } from "../fixtures/running.ts";
import small from "../fixtures/small-bodies-app.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

eachLane(
  "log: lines of a request carry its id, operation and thread, in order, before the access line",
  async (lane) => {
    const id = await (await fetch(`${server.url}/${lane}/log/1`)).json();
    await server.logged(({ reqId, status }) => reqId === id && status === 200);
    const lines = server.log.filter(({ reqId }) => reqId === id);
    assert.deepEqual(
      lines.map(({ msg, level }) => [msg, level]),
      [
        ["first", 30],
        ["second", 40],
        ["third", 50],
        [`GET /${lane}/log/1 200`, 30],
      ],
    );
    assert.equal(lines[0]?.n, "1");
    assert.equal(lines[0]?.operation, `GET /${lane}/log/:n`);
    assert.equal(lines[0]?.thread !== undefined, lane === "thread");
  },
);

eachLane(
  "X-Request-ID: a fit one is taken over, another is made; the answer names it to who sent one, and with an error",
  async (lane) => {
    const ask = (id: string): Promise<Response> =>
      fetch(`${server.url}/${lane}/log/1`, { headers: { "x-request-id": id } });
    const taken = await ask("abc-123");
    assert.deepEqual([await taken.json(), taken.headers.get("x-request-id")], ["abc-123", "abc-123"]);
    for (const unfit of ["x".repeat(129), 'forged","level":60']) {
      const made = await ask(unfit);
      const id = await made.json();
      assert.notEqual(id, unfit);
      assert.equal(made.headers.get("x-request-id"), id);
    }
    assert.ok((await fetch(`${server.url}/nope`)).headers.get("x-request-id"));
    assert.equal((await fetch(`${server.url}/${lane}/log/1`)).headers.get("x-request-id"), null);
  },
);

eachLane("log: a request whose client has gone has a line, with status 499", async (lane) => {
  const aborting = new AbortController();
  const url = `/${lane}/waits`;
  const answer = fetch(server.url + url, { signal: aborting.signal });
  await server.logged(({ msg, operation }) => msg === "waits" && operation === `GET ${url}`);
  aborting.abort();
  await assert.rejects(answer);
  const { level, msg, status, clientGone } = await server.logged((entry) => entry.url === url);
  assert.deepEqual([level, msg, status, clientGone], [30, `GET ${url} 499, the client has gone`, 499, true]);
});

eachLane(
  "log: a body that cannot be read, or is late, has the status that it was answered with",
  async (lane) => {
    const strict = await running(small, { connections: { headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    try {
      for (const [path, status, framing] of [
        ["json", 400, "Transfer-Encoding: chunked\r\n\r\nzz\r\n"],
        ["form", 408, "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 9\r\n\r\n--B"],
      ] as const) {
        const raw = await openSocket(strict.url);
        raw.send(`POST /${lane}/${path} HTTP/1.1\r\nHost: a\r\n${framing}`);
        assert.match(await raw.ended(), new RegExp(`^HTTP/1\\.1 ${status} `));
        const line = await strict.logged(({ url }) => url === `/${lane}/${path}`);
        assert.deepEqual([line.status, line.clientGone], [status, undefined]);
      }
    } finally {
      await strict.close();
    }
  },
);

eachLane("log: a request that the shutdown ended says so, and not that its client has gone", async (lane) => {
  const closing = await running(app, { shutdownGraceMs: 50 });
  const url = `/${lane}/waits`;
  const answer = assert.rejects(fetch(closing.url + url));
  await closing.logged(({ msg, operation }) => msg === "waits" && operation === `GET ${url}`);
  await closing.close();
  await answer;
  const { msg, status, clientGone, shutdown } = await closing.logged((entry) => entry.url === url);
  assert.deepEqual(
    [msg, status, clientGone, shutdown],
    [`GET ${url} 503, ended by the shutdown`, 503, undefined, true],
  );
});

eachLane("log: who gives up with the client, by its signal, has not failed", async (lane) => {
  const urls = [`/${lane}/gives-up`, ...(lane === "loop" ? ["/loop/gives-up/streaming"] : [])];
  for (const url of urls) {
    const about = (text: string) => (entry: LogEntry) =>
      entry.msg === text && entry.operation === `GET ${url}`;
    const aborting = new AbortController();
    const answer = fetch(server.url + url, { signal: aborting.signal }).then((response) => response.text());
    await server.logged(about("waits"));
    aborting.abort();
    await assert.rejects(answer);
    await server.logged(about("gives up"));
    await (await fetch(`${server.url}/${lane}/log/1`)).json();
    assert.deepEqual(
      server.log.filter(({ level, operation }) => level >= 50 && operation === `GET ${url}`),
      [],
    );
  }
});

test("log: a line has the same fields on either lane", async () => {
  const [onLoop, onThread] = await Promise.all(
    (["loop", "thread"] as const).map(async (lane) => {
      await fetch(`${server.url}/${lane}/fields`);
      await server.logged(({ url, status }) => url === `/${lane}/fields` && status === 200);
      const own = server.log.filter(({ operation }) => operation === `GET /${lane}/fields`);
      return own.map(({ reqId, operation, thread, time, ...fields }) => fields);
    }),
  );
  const firstLines = JSON.stringify([onLoop, onThread], (key, value) =>
    key === "stack" ? String(value).split("\n")[0] : key === "self" ? undefined : value,
  );
  const [loop, thread] = JSON.parse(firstLines) as { msg: string; circle?: unknown }[][];
  assert.deepEqual(
    loop?.map(({ msg }) => msg),
    ["values", "error", "no such order", "error and text", "circle"],
  );
  assert.match(JSON.stringify(thread?.at(-1)?.circle), /Circular/); // as text, where JSON has no word for it
  for (const lines of [loop, thread]) delete lines?.at(-1)?.circle;
  assert.deepEqual(thread, loop);
});

eachLane("log: fields that cannot be shown whole cost neither their line nor the request", async (lane) => {
  assert.equal((await fetch(`${server.url}/${lane}/odd`)).status, 200);
  await server.logged(({ url, status }) => url === `/${lane}/odd` && status === 200);
  const own = server.log.filter(({ operation }) => operation === `GET /${lane}/odd`);
  assert.deepEqual(
    own.map(({ msg, n }) => [msg, n]),
    [
      ["odd list", 1],
      ["odd chain", 2],
    ],
  );
});

test("log: 200 requests on threads at once keep their own order, and no line is torn", async () => {
  const ids = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => (await fetch(`${server.url}/thread/log/${n}`)).json()),
  );
  assert.equal(new Set(ids).size, 200);
  await server.logged(({ reqId, status }) => reqId === ids.at(-1) && status === 200);
  for (const id of ids) {
    const own = server.log.filter(({ reqId, thread }) => reqId === id && thread !== undefined);
    assert.deepEqual(
      own.map(({ msg }) => msg),
      ["first", "second", "third"],
    );
  }
});

test("app.register() takes a Fastify plugin and its options", async () => {
  assert.equal((await fetch(`${server.url}/loop/log/1`)).headers.get("x-plugin"), "seen");
});

eachLane(
  "log: a logger of the user's gets errors that crossed a thread as errors, with the name of their class",
  async (lane) => {
    for (const path of ["fails", "mentions", "background"]) {
      await fetch(`${server.url}/${lane}/${path}`);
      const { err } = await server.logged(
        (entry) => entry.level === 50 && "err" in entry && entry.operation === `GET /${lane}/${path}`,
      );
      const { type, message, stack } = err as Record<string, string>;
      assert.equal(type, "OutOfStock");
      assert.match(String(message), path === "fails" ? /^no more: no number$/ : /^no more$/);
      assert.match(
        String(stack),
        /^Error: no more\n {4}at .*log-app\.ts:\d+|^RangeError: no more\n {4}at .*log-app\.ts:\d+/,
      );
    }
  },
);

eachLane("log: at debug a line for each background task that has run", async (lane) => {
  const lines = new PassThrough({ encoding: "utf8" });
  const logger = pino({ level: "debug" }, lines);
  await using served = await closing(running(app, { logger }));
  const id = `tasks-${lane}`;
  await fetch(`${served.url}/${lane}/background`, { headers: { "x-request-id": id } });
  const said: unknown[] = [];
  for await (const text of createInterface({ input: lines })) {
    const { reqId, task, lane: ran, ms, level, msg } = JSON.parse(text) as LogEntry;
    if (reqId !== id || task === undefined) continue;
    assert.equal(typeof ms, level === 20 ? "number" : "undefined");
    said.push([level, task, ran ?? msg]);
    if (level === 50) break;
  }
  assert.deepEqual(said, [
    [20, "late", "loop"],
    [20, "latePlain", "thread"],
    [50, "fails", `background task "fails" of GET /${lane}/background failed: no more`],
  ]);
});

test("log.skipPaths and log.queryValues: paths without lines, URLs without the values of their query", async () => {
  const log = { skipPaths: ["/loop/fields", "/thread/log/*"], queryValues: false };
  await using served = await closing(running(app, { log }));
  for (const path of ["/loop/fields?a=1", "/thread/log/1", "/thread/fields?page=2&x&q=a=b#c", "/loop/log/1"])
    await fetch(served.url + path);
  await served.logged(({ url }) => url === "/loop/log/1");
  await served.logged(({ url }) => String(url).startsWith("/thread/fields"));
  const hidden = "[redacted]";
  assert.deepEqual(served.log.flatMap(({ url }) => (url === undefined ? [] : [url])).sort(), [
    "/loop/log/1",
    `/thread/fields?page=${hidden}&x&q=${hidden}`,
  ]);
});

test("log: a whole URL in place of a path is shown without its login", async () => {
  const raw = await openSocket(server.url);
  raw.send("GET http://ada:pw@a.b/nowhere@here?c=d@e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await raw.ended();
  await server.logged(({ url }) => url === "http://[redacted]@a.b/nowhere@here?c=d@e");
});

test("log: a line for people with a message of its own says the error's message, too, and once only", () => {
  const lines: string[] = [];
  const log = createLogger("info", true, { write: (line) => void lines.push(line) });
  log.info({ err: new RangeError("bad seek") }, "not an image");
  log.error(new RangeError("bad seek"));
  log.info({ err: { code: 5 } }, "an object");
  assert.match(lines.pop() ?? "", /an object\s+err: \{\s+"code": 5\s+\}\n$/);
  const heads = lines.map((line) => line.split("\n").slice(0, 2));
  assert.match(heads[0]?.[0] ?? "", /not an image$/);
  assert.equal(heads[0]?.[1], "    RangeError: bad seek");
  assert.match(heads[1]?.[0] ?? "", /bad seek$/);
  assert.equal(heads[1]?.[1], "    RangeError");
});

/** A server that is closed with the block. */
async function closing(opening: Promise<Running>): Promise<Running & AsyncDisposable> {
  const served = await opening;
  return Object.assign(served, { [Symbol.asyncDispose]: () => served.close() });
}
