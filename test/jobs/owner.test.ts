import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { connect, createServer, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { answerAsOwner, askOwner } from "../../src/jobs/embedded/owner.ts";
import { reachedAt } from "../../src/jobs/embedded/owner-socket.ts";
import { formatJobId } from "../../src/jobs/job-id.ts";
import { StoredJobs } from "../../src/jobs/jobs.ts";
import { MemoryStore } from "../../src/jobs/memory.ts";
import { newUuid } from "../../src/jobs/uuid.ts";
import { jobTask } from "../fixtures/job-engines.ts";

const store = new MemoryStore([jobTask("task")], Date);
const jobs = new StoredJobs(store, Date.now);

/** No socket is refused here, but where a test says so. */
function refused(error: Error): void {
  throw error;
}

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "offloop-owner-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

test("askOwner() gives a job as it is: its times are dates, and what it holds is whatever it was", async (t) => {
  const dir = await folder(t);
  const leave = await answerAsOwner(dir, jobs, refused);
  t.after(leave);
  const args = [{ departsAt: "north", startedAt: "2026" }];
  const uuid = await store.add({ task: "task", uuid: newUuid(), payload: { args } });
  const id = formatJobId({ task: "task", uuid });
  const asked = await askOwner(dir);
  assert.deepEqual((await asked?.get(id))?.args, args);
  assert.ok((await asked?.get(id))?.enqueuedAt instanceof Date);
  assert.ok((await asked?.list())?.every(({ runAt }) => runAt instanceof Date));
});

test("answerAsOwner() outlives a process that ends while it is answered", {
  skip: process.platform === "win32" && "the folder has no socket",
}, async (t) => {
  const dir = await folder(t);
  const uuid = await store.add({ task: "task", uuid: newUuid(), payload: { args: ["x".repeat(4_000_000)] } });
  const leave = await answerAsOwner(dir, jobs, refused);
  const asking = connect(join(dir, "owner.sock"));
  asking.write(`${JSON.stringify({ ask: "get", args: [formatJobId({ task: "task", uuid })] })}\n`);
  await once(asking, "readable");
  asking.destroy(); // with most of the answer on its way, which resets the connection
  await once(asking, "close");
  // A rejection that nobody handles would end the process, and fails the test.
  assert.ok(await askOwner(dir), "which has seen it by now");
  await leave();
});

test("answerAsOwner() is found in a folder whose name has more bytes than a socket's path may have", async (t) => {
  const dir = join(await folder(t), "ü".repeat(55));
  await mkdir(dir);
  const leave = await answerAsOwner(dir, jobs, refused);
  t.after(leave);
  assert.ok(await askOwner(dir));
  if (process.platform === "win32") return; // a pipe has no such name
  assert.equal((await stat(await reachedAt(dir))).mode & 0o777, 0o600, "only this user may ask");
});

/** Lets the system refuse a socket, as a disk does that keeps none. */
function withoutSockets(t: TestContext, isRefused: (path: string) => boolean): void {
  const { listen } = Server.prototype;
  t.mock.method(Server.prototype, "listen", function (this: Server, ...args: Parameters<typeof listen>) {
    const path = String(args[0]);
    if (!isRefused(path)) return listen.apply(this, args);
    const error = Object.assign(new Error(`listen ENOTSUP: operation not supported on socket ${path}`), {
      code: "ENOTSUP",
    });
    process.nextTick(() => this.emit("error", error));
    return this;
  });
}

test("answerAsOwner() is found where the disk keeps no sockets, also after a process that was killed there", {
  skip: process.platform === "win32" && "the folder has no socket",
}, async (t) => {
  const dir = await folder(t);
  withoutSockets(t, (path) => path.endsWith("owner.sock"));
  for (const _ of ["first", "after a kill"]) {
    const leave = await answerAsOwner(dir, jobs, refused);
    assert.ok((await stat(join(dir, "owner.sock"))).isFile());
    const elsewhere = await stat(await readFile(join(dir, "owner.sock"), "utf8"));
    assert.equal(elsewhere.mode & 0o777, 0o600, "only this user may ask");
    assert.ok(await askOwner(dir));
    await leave();
    assert.equal(await askOwner(dir), undefined);
  }
});

test("answerAsOwner() goes on where the system refuses every socket, and says so", async (t) => {
  const dir = await folder(t);
  withoutSockets(t, () => true);
  const errors: Error[] = [];
  const leave = await answerAsOwner(dir, jobs, (error) => errors.push(error));
  assert.match(String(errors), /^Error: listen ENOTSUP/);
  assert.equal(await askOwner(dir), undefined);
  await leave();
});

test("askOwner() says in one sentence that the owner ended before it answered, and what it refused", {
  skip: process.platform === "win32" && "the folder has no socket",
}, async (t) => {
  const dir = await folder(t);
  const ends = createServer((socket) => socket.once("data", () => socket.destroy()));
  ends.listen(join(dir, "owner.sock"));
  await once(ends, "listening");
  await assert.rejects(askOwner(dir), {
    code: "OFFLOOP_JOBS_OWNED",
    message: `Cannot ask the process that has the jobs in ${dir} open: it ended meanwhile\n  fix run the command again`,
  });
  ends.close();
  await once(ends, "close");
  t.after(await answerAsOwner(dir, jobs, refused));
  const asked = await askOwner(dir);
  await assert.rejects(async () => asked?.list({ limit: -1 }), {
    code: "OFFLOOP_JOBS_OWNED",
    message: /open: .*limit of jobs\.list\(\).*\n {2}fix look in its log/,
  });
});

test("answerAsOwner() ends although a process that asks nothing is connected", {
  skip: process.platform === "win32" && "the folder has no socket",
  timeout: 10_000,
}, async (t) => {
  const dir = await folder(t);
  const leave = await answerAsOwner(dir, jobs, refused);
  const silent = connect(join(dir, "owner.sock"));
  await once(silent, "connect");
  assert.ok(await askOwner(dir), "which has seen it by now");
  const closed = once(silent, "close");
  await leave();
  await closed;
  assert.equal(await askOwner(dir), undefined);
});
