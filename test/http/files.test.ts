import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { App, file } from "offloop";
import { memoryLog } from "../fixtures/memory-log.ts";
import app from "../fixtures/replies-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly as?: string;
}

async function ask(
  lane: string,
  headers: Record<string, string>,
  { path = "replies", method = "GET", as = "file" }: Asked = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}/${lane}/${path}?as=${as}`, { method, headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

eachLane(
  "file(): a request that names versions gets the file only where one of them is there",
  async (lane) => {
    const whole = await ask(lane, {});
    const tag = whole.headers.get("etag") ?? "";
    assert.match(tag, /^"[\da-f]+-[\da-f]+"$/);
    const modified = whole.headers.get("last-modified") ?? "";
    const before = new Date(Date.parse(modified) - 60_000).toUTCString();
    for (const [status, conditions] of [
      [200, { "if-match": tag }],
      [200, { "if-match": `"other", ${tag}` }],
      [200, { "if-match": "*" }],
      [412, { "if-match": '"other"' }],
      [412, { "if-match": `W/${tag}` }],
      [412, { "if-unmodified-since": before }],
      [200, { "if-unmodified-since": modified }],
      [304, { "if-none-match": tag }],
      [304, { "if-none-match": `W/${tag}` }],
      [304, { "if-none-match": tag, "cache-control": "no-cache" }],
      [304, { "if-modified-since": modified, "cache-control": "no-cache" }],
      [200, { "if-none-match": '"other"' }],
    ] as const) {
      const answer = await ask(lane, conditions);
      assert.equal(answer.status, status, JSON.stringify(conditions));
      if (status === 412) assert.deepEqual(JSON.parse(answer.body), { detail: "Precondition Failed" });
      if (status === 304) assert.deepEqual([answer.body, answer.headers.get("content-type")], ["", null]);
      if (status === 200) assert.equal(answer.body, whole.body);
    }
  },
);

eachLane("file(): a range is given to who has the same version, the whole to all others", async (lane) => {
  const whole = await ask(lane, {});
  const tag = whole.headers.get("etag") ?? "";
  const modified = whole.headers.get("last-modified") ?? "";
  for (const [status, ifRange] of [
    [206, undefined],
    [206, tag],
    [206, modified],
    [200, `W/${tag}`],
    [200, '"other"'],
    [200, 'W/"other"'],
    [200, new Date(0).toUTCString()],
  ] as const) {
    const answer = await ask(lane, { range: "bytes=0-4", ...(ifRange && { "if-range": ifRange }) });
    assert.equal(answer.status, status, ifRange);
    assert.equal(answer.body, status === 206 ? whole.body.slice(0, 5) : whole.body);
  }
  const beyond = await ask(lane, { range: "bytes=100000000-" });
  assert.deepEqual(
    [beyond.status, beyond.headers.get("content-range")],
    [416, `bytes */${whole.body.length}`],
  );
});

eachLane("file(): its last bytes are the whole file when it has fewer", async (lane) => {
  const whole = await ask(lane, {});
  const { length } = whole.body;
  const all = [206, `bytes 0-${length - 1}/${length}`, whole.body];
  const last = (count: number): unknown[] => [
    206,
    `bytes ${length - count}-${length - 1}/${length}`,
    whole.body.slice(-count),
  ];
  const none = [416, `bytes */${length}`, '{"detail":"Range Not Satisfiable"}'];
  for (const [range, expected] of [
    ["bytes=-5", last(5)],
    [`bytes=-${length}`, all],
    [`bytes=-${length + 1}`, all],
    ["bytes=-65536000", all],
    ["bytes=99999999-, -65536000", all],
    ["bytes=-0", none],
    ["bytes=50-10", none],
  ] as const) {
    const { status, headers, body } = await ask(lane, { range });
    assert.deepEqual([status, headers.get("content-range"), body], expected, range);
  }
  const empty = await ask(lane, { range: "bytes=-5" }, { as: "emptyFile" });
  assert.deepEqual([empty.status, empty.headers.get("content-range"), empty.body], [200, null, ""]);
});

eachLane("file(): a range with a unit or a syntax that is not known is ignored", async (lane) => {
  const whole = await ask(lane, {});
  for (const range of [
    ...["bytes=abc", "bytes=", "bytes", "bytes=-", "bytes=1", "bytes=1a-3", "bytes=0-1-2", "bytes=0x1-3"],
    ...[
      "bytes=1.5-3",
      "bytes=--1",
      "bytes=0-1,abc",
      "bytes=0-1;",
      "bytes = 0-1",
      "items=0-1",
      "items=99999999-",
    ],
  ]) {
    const { status, headers, body } = await ask(lane, { range });
    assert.deepEqual([status, headers.get("content-range"), body], [200, null, whole.body], range);
  }
  for (const range of ["bytes=0-4", "BYTES=0-4", "bytes= 0-4", "bytes=,0-4 ,"]) {
    const { status, headers } = await ask(lane, { range });
    assert.deepEqual([status, headers.get("content-range")], [206, `bytes 0-4/${whole.body.length}`], range);
  }
});

eachLane("file(): HEAD has no ranges, and says what GET would of versions", async (lane) => {
  const { headers, body } = await ask(lane, {});
  const tag = headers.get("etag") ?? "";
  for (const asked of [
    { range: "bytes=0-4" },
    { range: "bytes=99999999-" },
    { range: "bytes=0-4", "if-range": tag },
  ]) {
    const answer = await ask(lane, asked, { method: "HEAD" });
    assert.deepEqual(
      [answer.status, answer.headers.get("content-length"), answer.headers.get("content-range")],
      [200, `${body.length}`, null],
      JSON.stringify(asked),
    );
  }
  assert.equal((await ask(lane, { "if-none-match": tag }, { method: "HEAD" })).status, 304);
  assert.equal((await ask(lane, { "if-match": '"other"' }, { method: "HEAD" })).status, 412);
});

eachLane(
  "file(): as the answer to a POST it is sent whole, whatever the request asks of it",
  async (lane) => {
    const whole = await ask(lane, {});
    const tag = whole.headers.get("etag") ?? "";
    for (const headers of [
      { range: "bytes=0-4" },
      { range: "bytes=99999999-" },
      { "if-none-match": tag },
      { "if-match": '"other"' },
      { "if-unmodified-since": new Date(0).toUTCString() },
    ]) {
      const answer = await ask(lane, headers, { method: "POST" });
      assert.deepEqual([answer.status, answer.body], [200, whole.body], JSON.stringify(headers));
    }
  },
);

eachLane(
  "file(): as the answer to an error it is sent as it is, whatever the request asks of it",
  async (lane) => {
    const whole = await ask(lane, {}, { path: "refused" });
    const tag = whole.headers.get("etag") ?? "";
    for (const headers of [{ range: "bytes=0-4" }, { "if-none-match": tag }, { "if-match": '"other"' }]) {
      const answer = await ask(lane, headers, { path: "refused" });
      assert.deepEqual([answer.status, answer.body], [409, whole.body], JSON.stringify(headers));
    }
  },
);

eachLane("an answer of a status without a body has none of a body's headers", async (lane) => {
  for (const status of [204, 205, 304])
    for (const kind of ["error", "text", "stream"]) {
      const response = await fetch(`${server.url}/${lane}/bodyless/${status}/${kind}`);
      assert.deepEqual(
        [response.status, response.headers.get("content-type"), await response.text()],
        [status, null, ""],
      );
      assert.equal(response.headers.get("content-length"), status === 205 ? "0" : null);
      assert.equal(response.headers.get("transfer-encoding"), null);
    }
});

test("file(): of a file that becomes shorter while it is sent the client sees the reply break off", async () => {
  const folder = await mkdtemp(join(tmpdir(), "offloop-files-"));
  const path = join(folder, "large.bin");
  await writeFile(path, Buffer.alloc(20_000_000));
  const app = new App();
  app.get("/large", async () => file(path));
  const log = memoryLog();
  const own = await running(app, { logger: log.logger, accessLog: false });
  try {
    const [answer] = (await once(get(`${own.url}/large`), "response")) as [IncomingMessage];
    await once(answer, "readable"); // it reads no more than fits into buffers
    await truncate(path, 1_000);
    answer.on("error", () => {}).resume();
    await new Promise((resolve) => answer.once("close", resolve));
    assert.equal(answer.complete, false);
    await log.find(/large\.bin.* became shorter while it was sent/);
  } finally {
    await own.close();
    await rm(folder, { recursive: true });
  }
});
