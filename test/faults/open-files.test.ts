import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Command, confined, fixture, listening } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";
import { freePort } from "../fixtures/free-port.ts";

/** Room for what a process opens for itself, and for some connections. */
const DESCRIPTORS = 110;
/** How many connections are opened at a time, and how many at most: more than three processes can have. */
const BATCH = 100;
const MOST_CONNECTIONS = 4_000;

const FULL = /OFFLOOP_OPEN_FILES: Cannot open files or accept connections: all 110 that .* \(EMFILE\)/;

const isLinux = process.platform === "linux";

async function run(t: TestContext, ...args: string[]): Promise<Command> {
  const folder = mkdtempSync(join(tmpdir(), "offloop-"));
  const command = confined(
    folder,
    DESCRIPTORS,
    ...["run", fixture("supervised.ts"), "--port", `${await freePort()}`, "--no-access-log", ...args],
  );
  t.after(async () => {
    command.child.kill("SIGKILL");
    await command.ended();
    rmSync(folder, { recursive: true });
  });
  return command;
}

/** Opens connections until the log has said so: of those that come at once, a full primary hands none to its workers. */
async function fill(url: string, said: Promise<unknown>): Promise<Socket[]> {
  const { port, hostname } = new URL(url);
  const sockets: Socket[] = [];
  const whole = said.then(() => true);
  for (let isFull = false; !isFull && sockets.length < MOST_CONNECTIONS; ) {
    const batch = Array.from({ length: BATCH }, () => connect(Number(port), hostname));
    sockets.push(...batch);
    const settled = batch.map((socket) => {
      socket.on("error", () => {}).resume();
      return new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
    });
    isFull = await Promise.race([whole, Promise.all(settled).then(() => false)]);
  }
  await whole;
  return sockets;
}

async function empty(sockets: readonly Socket[]): Promise<void> {
  const closed = sockets.filter((socket) => !socket.closed).map((socket) => once(socket, "close"));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
}

async function ask(url: string): Promise<number> {
  const client = createClient(url);
  try {
    return (await client.ask("/pid", { signal: AbortSignal.timeout(5_000) })).status;
  } catch {
    return 0; // descriptors of connections that have ended may still be open
  } finally {
    client.close();
  }
}

async function assertServesAgain(url: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await ask(url)) !== 200)
    assert.ok(performance.now() < deadline, "connections are not answered any more");
  for (let n = 0; n < 4; n++) assert.equal(await ask(url), 200);
}

const skip = isLinux ? false : "the limit is read from /proc";

test("workers without a free descriptor serve again once connections have ended, and the log says why", {
  skip,
}, async (t) => {
  const command = await run(t, "--workers", "2");
  const url = await listening(command);
  const health = /http:\/\/[\d.:]+/.exec(await command.line(/health at/))?.[0] ?? "";
  const operator = createClient(health);
  t.after(() => operator.close());
  const notHanded = command.line(/OFFLOOP_OPEN_FILES: Cannot hand a connection to worker \d+: all files/);
  const sockets = await fill(url, Promise.all([notHanded, command.line(FULL)]));
  await empty(sockets);
  await assertServesAgain(url);
  const metrics = (await operator.ask("/metrics")).body.toString();
  assert.match(metrics, /^offloop_open_files_exhausted_total [1-9]/m);
  assert.match(metrics, /^offloop_open_files_ratio 0\.\d/m);
  const said = command.lines.filter((line) => line.includes("OFFLOOP_OPEN_FILES"));
  assert.ok(said.length <= 4, said.join("\n")); // one of each process, and one about a connection
});

test("a single process without a free descriptor says so once, and when one is free again", {
  skip,
}, async (t) => {
  const command = await run(t);
  const url = await listening(command);
  const sockets = await fill(url, command.line(FULL));
  await empty(sockets);
  await command.line(/files and connections can be opened again/);
  await assertServesAgain(url);
  assert.equal(command.lines.filter((line) => line.includes("OFFLOOP_OPEN_FILES")).length, 1);
});

test("a worker that the system does not start is named by the reason, and started once that is gone", {
  skip,
}, async (t) => {
  const command = await run(t, "--workers", "1");
  const url = await listening(command);
  const health = /http:\/\/[\d.:]+/.exec(await command.line(/health at/))?.[0] ?? "";
  const { pid } = JSON.parse(await command.line(/listens on/)) as { pid: number };
  const sockets = await fill(health, command.line(FULL));
  command.child.kill("SIGHUP");
  const refused =
    "OFFLOOP_WORKER_START: Cannot start a worker: the primary has all files and connections open that it may have";
  await command.line(
    new RegExp(`${refused} \\(EMFILE\\); worker ${pid} stays, no other worker is restarted.*LimitNOFILE`),
  );
  process.kill(pid, "SIGKILL");
  await command.line(new RegExp(`${refused} \\(EMFILE\\); starting another in \\d+ ms`));
  await empty(sockets);
  await assertServesAgain(url);
  assert.ok(!command.lines.some((line) => /undefined|code -/.test(line)), command.lines.join("\n"));
});
