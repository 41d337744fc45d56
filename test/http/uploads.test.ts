import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, watch } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, type TestContext, test } from "node:test";
import { scheduler } from "node:timers/promises";
import { type Command, confined, listening } from "../fixtures/cli.ts";
import { openSocket, type RawSocket } from "../fixtures/raw-socket.ts";
import { type LaneName, lanes, type Running, running } from "../fixtures/running.ts";
import app from "../fixtures/uploads-app.ts";

const previous = process.env.TMPDIR;
const folder = mkdtempSync(join(tmpdir(), "uploads-test-"));
process.env.TMPDIR = folder;

let server: Running;
before(async () => {
  server = await running(app);
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  if (previous === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = previous;
});

/** What of uploads is on disk, and open. */
function leftOver(): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  const open = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return [];
    }
  });
  return [...files, ...open];
}

/** Removing goes on after the answer: turns of the loop, bounded, until nothing is left. */
async function nothingIsLeft(): Promise<void> {
  for (let turn = 0; turn < 10_000 && leftOver().length > 0; turn++) await scheduler.wait(1);
  assert.deepEqual(leftOver(), []);
}
afterEach(nothingIsLeft);

const contents = {
  field: { head: 'name="upload"', bytes: "x".repeat(1000) },
  "file in memory": { head: 'name="upload"; filename="a.bin"', bytes: "x".repeat(100_000) },
  "file on disk": { head: 'name="upload"; filename="a.bin"', bytes: "x".repeat(3_000_000) },
};
type Content = (typeof contents)[keyof typeof contents];

const opening = ({ head }: Content): string =>
  `--b\r\nContent-Disposition: form-data; ${head}\r\nContent-Type: application/octet-stream\r\n\r\n`;
const whole = (content: Content): string => `${opening(content)}${content.bytes}\r\n--b--\r\n`;

function head(path: string, length: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n${length}\r\n\r\n`;
}

async function answered(raw: RawSocket): Promise<number> {
  const received = await raw.until((text) => /^HTTP\/1\.1 \d+[\s\S]*\r\n\r\n/.test(text));
  raw.socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(received)?.[1] ?? 0);
}

/** How a request ends: the status its client sees, or that it has gone. */
type Ending = (raw: RawSocket, lane: LaneName, content: Content) => Promise<number | "gone">;

const sendWhole =
  (path: string): Ending =>
  async (raw, lane, content) => {
    const body = whole(content);
    raw.send(head(`/${lane}/${path}`, `Content-Length: ${body.length}`));
    raw.send(body);
    return answered(raw);
  };

/** Sends a part of the body and waits until the server has taken it. */
async function sendPart(raw: RawSocket, lane: LaneName, content: Content): Promise<void> {
  raw.send(head(`/${lane}/up`, `Content-Length: ${whole(content).length}`));
  const part = whole(content).slice(0, (whole(content).length * 2) / 3);
  if (!raw.socket.write(part)) await once(raw.socket, "drain");
}

const endings: Record<string, Ending> = {
  complete: sendWhole("up"),
  "followed by a task": sendWhole("later"),
  "that fails": sendWhole("fails"),
  "answered early by a hook": sendWhole("early"),
  "whose handler is never reached": sendWhole("named/"),
  "that does not fit its schema": sendWhole("invalid"),
  truncated: async (raw, lane, content) => {
    const body = `${opening(content)}${content.bytes}`;
    raw.send(head(`/${lane}/up`, `Content-Length: ${body.length}`));
    raw.send(body);
    return answered(raw);
  },
  reset: async (raw, lane, content) => {
    await sendPart(raw, lane, content);
    raw.socket.resetAndDestroy();
    return "gone";
  },
  closed: async (raw, lane, content) => {
    await sendPart(raw, lane, content);
    raw.socket.end();
    await raw.ended();
    return "gone";
  },
  "too large by its length": async (raw, lane, content) => {
    raw.send(head(`/${lane}/up`, `Content-Length: ${5 * 1024 * 1024}`));
    raw.send(whole(content));
    return answered(raw);
  },
  "too large by its chunks": async (raw, lane, content) => {
    raw.send(head(`/${lane}/up`, "Transfer-Encoding: chunked"));
    const sent = opening(content) + "x".repeat(6 * 1024 * 1024);
    raw.send(`${sent.length.toString(16)}\r\n${sent}\r\n0\r\n\r\n`);
    return answered(raw);
  },
  "of too many parts": async (raw, lane, content) => {
    const body = `--b\r\nContent-Disposition: form-data; ${content.head}\r\n\r\nx\r\n`.repeat(1001);
    raw.send(head(`/${lane}/up`, `Content-Length: ${body.length + 7}`));
    raw.send(`${body}--b--\r\n`);
    return answered(raw);
  },
  "slow beyond its deadline": async (_raw, lane, content) => {
    const slow = await running(app, { connections: { headersTimeoutMs: 200, requestTimeoutMs: 200 } });
    try {
      const raw = await openSocket(slow.url);
      await sendPart(raw, lane, content);
      await raw.ended();
      return "gone";
    } finally {
      await slow.close();
    }
  },
  "cut by a shutdown": async (_raw, lane, content) => {
    const short = await running(app, { shutdownGraceMs: 50 });
    const raw = await openSocket(short.url);
    await sendPart(raw, lane, content);
    await short.close();
    await raw.ended();
    return "gone";
  },
};

const expected: Record<string, (kind: string) => number | "gone"> = {
  complete: () => 200,
  "followed by a task": (kind) => (kind === "field" ? 422 : 200),
  "that fails": () => 500,
  "answered early by a hook": () => 401,
  "whose handler is never reached": () => 404,
  "that does not fit its schema": () => 422,
  truncated: () => 400,
  "too large by its length": () => 413,
  "too large by its chunks": () => 413,
  "of too many parts": () => 400,
};

/** What came of each, by how the upload ended, what was in it and where it was read. */
const cells = new Map<string, number | "gone">();
const columns = Object.keys(contents).flatMap((kind) => lanes.map((lane) => `${kind}, ${lane}`));

for (const [ending, end] of Object.entries(endings))
  for (const [kind, content] of Object.entries(contents))
    for (const lane of lanes)
      test(`an upload ${ending}: ${kind} [${lane}]`, async () => {
        const raw = await openSocket(server.url);
        const got = await end(raw, lane, content);
        raw.socket.destroy();
        assert.equal(got, (expected[ending] ?? (() => "gone"))(kind));
        await nothingIsLeft();
        cells.set(`${ending}: ${kind}, ${lane}`, got);
        const alive = await fetch(`${server.url}/${lane}/up`, { method: "POST", body: small() });
        assert.equal(alive.status, 200);
      });

test("every upload is answered, or its client has gone; no file and no descriptor is left", (context) => {
  const width = Math.max(...Object.keys(endings).map((ending) => ending.length));
  const row = (name: string, values: readonly unknown[]): string =>
    `${name.padEnd(width)} | ${values.map((value, at) => String(value).padStart(columns[at]?.length ?? 0)).join(" | ")}`;
  context.diagnostic(row("the upload", columns));
  for (const ending of Object.keys(endings))
    context.diagnostic(
      row(
        ending,
        columns.map((column) => cells.get(`${ending}: ${column}`)),
      ),
    );
  context.diagnostic(`files and descriptors left: ${leftOver().length}; the server answers`);
  assert.equal(cells.size, Object.keys(endings).length * columns.length);
});

function small(): FormData {
  const data = new FormData();
  data.set("upload", new File(["x"], "x"));
  return data;
}

/** A process of its own that serves the same app. */
async function apart(
  context: TestContext,
  tmp: string,
  descriptors: number,
): Promise<{ url: string; command: Command }> {
  const command = confined(tmp, descriptors, "run", "test/fixtures/uploads-app.ts", "--port", "0");
  context.after(() => command.child.kill("SIGKILL"));
  return { url: await listening(command), command };
}

async function upload(url: string, bytes: number): Promise<number> {
  const data = new FormData();
  data.set("upload", new File(["x".repeat(bytes)], "x"));
  const response = await fetch(url, { method: "POST", body: data });
  await response.text();
  return response.status;
}

test("an upload without a temporary folder is a 500 of that request only, logged with what to do", async (context) => {
  const tmp = join(folder, "missing");
  const { url, command } = await apart(context, tmp, 1024);
  for (const lane of lanes) {
    assert.equal(await upload(`${url}/${lane}/up`, 3_000_000), 500);
    assert.equal(await upload(`${url}/${lane}/up`, 10), 200);
  }
  assert.match(await command.line(/OFFLOOP_UPLOAD_DISK/), /TMPDIR/);
  mkdirSync(tmp);
  for (const lane of lanes) assert.equal(await upload(`${url}/${lane}/up`, 3_000_000), 200);
  for (const name of readdirSync(tmp)) rmSync(join(tmp, name), { recursive: true });
  for (const lane of lanes)
    assert.equal(await upload(`${url}/${lane}/up`, 3_000_000), 200, "its folder was removed");
  command.child.kill("SIGTERM");
  await command.ended();
  assert.deepEqual(readdirSync(tmp), [], "nothing is left after a graceful end");
});

test("an upload that the disk refuses is answered while its client sends nothing, and no rejection is left", async (context) => {
  const { url, command } = await apart(context, join(folder, "none"), 1024);
  const content = contents["file on disk"];
  for (const lane of lanes) {
    const raw = await openSocket(url);
    context.after(() => raw.socket.destroy());
    raw.send(head(`/${lane}/up`, `Content-Length: ${whole(content).length}`));
    // One byte more than is kept in memory: then the parser waits for the client, not the client for the parser.
    raw.send(opening(content) + "x".repeat(1_048_577));
    assert.equal(await answered(raw), 500);
  }
  command.child.kill("SIGTERM");
  const { output } = await command.ended();
  assert.match(output, /OFFLOOP_UPLOAD_DISK/);
  assert.doesNotMatch(output, /nobody awaits/);
});

test("what a killed process has left is removed when another starts", async (context) => {
  const tmp = join(folder, "killed");
  mkdirSync(tmp);
  const first = await apart(context, tmp, 1024);
  assert.equal(await upload(`${first.url}/loop/up`, 3_000_000), 200);
  first.command.child.kill("SIGKILL");
  await first.command.ended();
  assert.equal(readdirSync(tmp).length, 1);
  // Where machines share a folder, another one's name may begin with this one's.
  const theirs = `offloop-uploads-${hostname()}-4194304-${process.pid}-abcdef`;
  mkdirSync(join(tmp, theirs));
  const second = await apart(context, tmp, 1024);
  assert.deepEqual(readdirSync(tmp), [theirs]);
  rmSync(join(tmp, theirs), { recursive: true });
  second.command.child.kill("SIGTERM");
  await second.command.ended();
});

test("a thousand uploads that clients leave, with 256 descriptors: the next ones are taken", async (context) => {
  const tmp = join(folder, "flood");
  mkdirSync(tmp);
  const { url, command } = await apart(context, tmp, 256);
  const leave = async (index: number): Promise<void> => {
    const raw = await openSocket(url);
    await sendPart(raw, lanes[index % 2] as LaneName, contents["file on disk"]);
    raw.socket.resetAndDestroy();
  };
  const descriptors = (): number => readdirSync(`/proc/${command.child.pid}/fd`).length;
  const atFirst = descriptors();
  for (let index = 0; index < 1000; index += 20)
    await Promise.all(Array.from({ length: 20 }, (_, offset) => leave(index + offset)));
  for (const lane of lanes) assert.equal(await upload(`${url}/${lane}/up`, 3_000_000), 200);
  const files = (): number =>
    readdirSync(tmp, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  for (let turn = 0; turn < 10_000 && files() > 0; turn++) await scheduler.wait(1);
  assert.equal(files(), 0);
  context.diagnostic(
    `1,000 uploads left under ulimit -n 256: ${files()} files; descriptors ${atFirst} before, ${descriptors()} after`,
  );
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
  assert.deepEqual(readdirSync(tmp), []);
});

/** Resolves when the process whose temporary folder this is keeps no upload: it removes them after the response. */
async function emptied(tmp: string): Promise<void> {
  const [own = ""] = readdirSync(tmp);
  const changes = watch(join(tmp, own));
  try {
    while (readdirSync(join(tmp, own)).length > 0) await once(changes, "change");
  } finally {
    changes.close();
  }
}

test("an upload to a full disk is a 507 of that request only, and the next one that fits is taken", async (context) => {
  const tmp = join(folder, "full");
  mkdirSync(tmp);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp]);
  if (mounted.status !== 0) return context.skip("this machine lets nobody mount a small disk");
  context.after(() => spawnSync("umount", ["--lazy", tmp]));
  const { url, command } = await apart(context, tmp, 1024);
  for (const lane of lanes) {
    assert.equal(await upload(`${url}/${lane}/up`, 3_000_000), 507);
    await emptied(tmp);
    assert.equal(await upload(`${url}/${lane}/up`, 1_500_000), 200);
    await emptied(tmp);
  }
  await command.line(/OFFLOOP_UPLOAD_DISK/);
});

/** Keeps connections open until the process has as many descriptors as this; each has been answered once. */
async function occupy(url: string, descriptors: () => number, most: number): Promise<RawSocket[]> {
  const open: RawSocket[] = [];
  while (descriptors() < most) {
    const raw = await openSocket(url);
    raw.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    await raw.until((received) => received.endsWith("}"));
    open.push(raw);
  }
  return open;
}

test("an upload for whose file no descriptor is left is a 500 of that request only, and the next one is taken", async (context) => {
  const tmp = join(folder, "descriptors");
  mkdirSync(tmp);
  const limit = 256;
  const { url, command } = await apart(context, tmp, limit);
  const descriptors = (): number => readdirSync(`/proc/${command.child.pid}/fd`).length;
  const send = async (lane: LaneName): Promise<number | "gone"> =>
    sendWhole("up")(await openSocket(url), lane, contents["file on disk"]);
  // No plain operation is called meanwhile: another thread would start, and open files of its own.
  assert.equal(await send("loop"), 200);
  const open = await occupy(url, descriptors, limit - 1); // one is left, for the connection of the upload
  for (const lane of lanes) {
    while (descriptors() >= limit) await scheduler.wait(1);
    assert.equal(await send(lane), 500);
  }
  for (const { socket } of open) socket.destroy();
  while (descriptors() > limit / 2) await scheduler.wait(1);
  for (const lane of lanes) assert.equal(await send(lane), 200);
  assert.match(await command.line(/OFFLOOP_UPLOAD_DISK/), /EMFILE/);
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
  assert.deepEqual(readdirSync(tmp), []);
});

for (const lane of lanes)
  test(`a part of a form that has no name is refused as in Starlette [${lane}]`, async () => {
    for (const rest of ["", '; filename="a.txt"']) {
      const part = `--b\r\nContent-Disposition: form-data${rest}\r\n\r\nvalue\r\n--b--\r\n`;
      const response = await fetch(`${server.url}/${lane}/up`, {
        method: "POST",
        headers: { "content-type": "multipart/form-data; boundary=b" },
        body: part,
      });
      assert.deepEqual(await response.json(), {
        detail: 'The Content-Disposition header field "name" must be provided.',
      });
      assert.equal(response.status, 400);
    }
  });
