import assert from "node:assert/strict";
import { test } from "node:test";
import { appFolder } from "../fixtures/app-folder.ts";
import { type Command, fixture, listening, offloop } from "../fixtures/cli.ts";
import { openSocket } from "../fixtures/raw-socket.ts";
import { lanes } from "../fixtures/running.ts";

type Line = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: number };

/** What it has said, each line as JSON; fails on any that is none. */
function entries({ lines }: Command): Line[] {
  return lines.map((line) => {
    try {
      const entry = JSON.parse(line) as Partial<Line>;
      return { ...entry, level: entry.level ?? 0, msg: entry.msg ?? "" };
    } catch {
      return assert.fail(`no JSON: ${line}`);
    }
  });
}

function noisy(...options: string[]): Command {
  return offloop("run", fixture("noisy.ts"), "--port", "0", ...options);
}

test("offloop run: whatever writes to stdout and stderr, every line is JSON, and says whose it is", async () => {
  const running = noisy();
  const url = await listening(running);
  for (const lane of lanes) {
    await fetch(`${url}/${lane}/console`);
    await running.line(new RegExp(`/${lane}/console 200`));
  }
  await fetch(`${url}/blocks`);
  await running.line(/event loop (blocked|held up) for .*GET \/blocks/);
  await fetch(`${url}/rejects`);
  await running.line(/nobody awaits was rejected/);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended()).code, 0);
  const all = entries(running);
  assert.ok(all.some(({ msg }) => msg === "module of noisy"));
  assert.ok(all.some(({ msg }) => msg.startsWith("event loop blocked for") && msg.includes("so far by")));
  const rejected = all.find(({ msg }) => msg.includes("was rejected"));
  assert.deepEqual([rejected?.operation, typeof rejected?.reqId], ["GET /rejects", "string"]);
  for (const lane of lanes) {
    const operation = `GET /${lane}/console`;
    const own = all.filter((line) => line.operation === operation);
    assert.deepEqual(
      own.map(({ level, msg }) => [level, msg.replace(/^┌.*/s, "a table")]),
      [
        [30, "two\nlines { a: 1 }"],
        [40, "careful"],
        [50, "failed: Error: no more"],
        [30, "a table"],
        [30, "half a line"],
        [40, "from a library"],
        [40, "Warning: mind the gap"],
      ],
    );
    const failed = own[2]?.err as Line;
    assert.equal(failed.type, "OutOfStock");
    assert.match(String(failed.stack), /at .*noisy\.ts:\d+:\d+/);
    assert.deepEqual([own[6]?.code, own[6]?.detail], ["E_GAP", "it is wide"]);
    assert.equal(new Set(own.map(({ reqId }) => reqId)).size, 1);
    assert.ok(own.every(({ thread }) => (thread === undefined) === (lane === "loop")));
  }
  assert.equal(all.filter(({ already }) => already === "json").length, 2, "what is JSON goes out as it is");
});

test("offloop run: the error that ends the process is a line with operation, request and stack", async () => {
  const running = noisy();
  const url = await listening(running);
  const answer = await fetch(`${url}/fatal`, { headers: { "x-request-id": "the-last" } });
  await answer.text();
  assert.equal((await running.ended()).code, 1);
  const last = entries(running).find(({ level }) => level === 60);
  const { type, message, stack } = (last?.err ?? {}) as Partial<Line>;
  assert.deepEqual(
    [last?.operation, last?.reqId, type, message],
    ["GET /fatal", "the-last", "OutOfStock", "nobody catches it"],
  );
  assert.match(String(stack), /noisy\.ts:\d+:\d+/);
});

test("offloop run: a level hides what console says below it", async () => {
  const running = noisy("--log-level", "error", "--threads", "0");
  assert.equal((await running.ended()).code, 1);
  assert.deepEqual(
    entries(running).map(({ level, code }) => [level, code]),
    [[60, "OFFLOOP_OPTION_INVALID"]],
  );
});

test("offloop run: what is wrong with the command line is a line, too", async () => {
  const wrong = [
    ["run", "no-such.ts"],
    ["run", fixture("loop-only.ts"), "--port", "http"],
    ["run", fixture("fails.ts")],
    ["work", fixture("loop-only.ts"), "--log-level", "loud"],
    ["run"],
  ].map(async (args) => {
    const running = offloop(...args);
    assert.equal((await running.ended()).code, 1);
    const all = entries(running);
    assert.equal(all.length, 1, JSON.stringify(all));
    assert.deepEqual([all[0]?.level, typeof all[0]?.pid], [60, "number"]);
  });
  await Promise.all(wrong);
});

test("offloop run: fields with secret names have no values, however deep, on either lane, and of errors, too", async () => {
  const running = noisy();
  const url = await listening(running);
  for (const lane of lanes) {
    await fetch(`${url}/${lane}/fields`);
    await running.line(new RegExp(`/${lane}/fields 200`));
  }
  running.child.kill("SIGTERM");
  await running.ended();
  const hidden = "[redacted]";
  for (const lane of lanes) {
    const [fields, failed] = entries(running).filter(({ operation }) => operation === `GET /${lane}/fields`);
    assert.deepEqual(
      [fields?.user, fields?.headers, fields?.apiKey, fields?.key],
      [
        { name: "ada", passwordHash: hidden, cards: [{ iban: hidden }], hasToken: true },
        { Authorization: hidden, "set-cookie": hidden, accept: "*/*" },
        hidden,
        7,
      ],
    );
    assert.deepEqual((failed?.err as Line | undefined)?.config, { token: hidden });
  }
});

test("offloop run: anything that is not a request is counted and logged, without its content; probes have no line", async () => {
  const running = noisy();
  const url = await listening(running);
  const socket = await openSocket(url);
  socket.send("SECRET nonsense\r\n\r\n");
  assert.match(await socket.ended(), /^HTTP\/1\.1 400 /);
  const large = await openSocket(url);
  large.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`);
  assert.match(await large.ended(), /^HTTP\/1\.1 431 /);
  await fetch(`${url}/livez`);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  for (const [status, count] of Object.entries({ 400: 1, 408: 0, 431: 1 }))
    assert.match(
      metrics,
      new RegExp(`^offloop_unread_requests_total\\{http_response_status_code="${status}"\\} ${count}$`, "m"),
    );
  await running.line(/431 \(HPE_HEADER_OVERFLOW\)/);
  running.child.kill("SIGTERM");
  const { output } = await running.ended();
  const refused = entries(running).filter(({ msg }) => msg.startsWith("malformed request"));
  assert.deepEqual(
    refused.map(({ status, client }) => [status, client]),
    [
      [400, "127.0.0.1"],
      [431, "127.0.0.1"],
    ],
  );
  assert.doesNotMatch(output, /SECRET|xxxx|livez|GET \/metrics/);
});

test("offloop run: a process that the app ends says where, and for which request", async () => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App();
app.get("/exits", async () => {
  setTimeout(() => process.exit(0), 1);
});
export default app;
`,
    "module.ts": "process.exit(4);",
  });
  const running = offloop("run", folder.path("app.ts"), "--port", "0");
  const url = await listening(running);
  await fetch(`${url}/exits`);
  assert.equal((await running.ended()).code, 0);
  const last = entries(running).at(-1);
  assert.match(last?.msg ?? "", /^the process ends: process\.exit was called at .*app\.ts:4:28$/);
  assert.deepEqual([last?.level, last?.exitCode, last?.operation], [40, 0, "GET /exits"]);
  const loading = offloop("run", folder.path("module.ts"), "--port", "0");
  assert.equal((await loading.ended()).code, 4);
  assert.match(entries(loading).at(-1)?.msg ?? "", /was called at .*module\.ts:1:9$/);
});

test("offloop run: a process that ends by itself, by a signal or by an error, names no caller of process.exit", async () => {
  const running = noisy();
  await listening(running);
  running.child.kill("SIGTERM");
  assert.doesNotMatch((await running.ended()).output, /process\.exit/);
  const failing = offloop("run", "no-such.ts");
  assert.doesNotMatch((await failing.ended()).output, /process\.exit/);
});
