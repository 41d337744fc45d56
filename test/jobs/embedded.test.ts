import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { App } from "offloop";
import { EmbeddedDatabase } from "../../src/jobs/embedded/embedded.ts";
import { running } from "../fixtures/running.ts";

const ENDED = {
  code: "OFFLOOP_JOBS_DATABASE_ENDED",
  message: /has ended \(code 1\)\n {2}fix wait: another thread opens them/,
};

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "offloop-embedded-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Collects the threads of databases that are started from now on. */
function databaseThreads(t: TestContext): Worker[] {
  const threads: Worker[] = [];
  const onWorker = (worker: Worker): void => {
    if (worker.threadName === "offloop jobs database") threads.push(worker);
  };
  process.on("worker", onWorker);
  t.after(() => process.off("worker", onWorker));
  return threads;
}

test("EmbeddedDatabase whose thread ends refuses what is asked, and opens the folder again", async (t) => {
  const threads = databaseThreads(t);
  const errors: Error[] = [];
  const database = await EmbeddedDatabase.open(await folder(t), (error) => errors.push(error));
  t.after(() => database.close());
  await database.executeSql("create table kept (n int)");
  await database.executeSql("insert into kept values (1)");
  const heard: string[] = [];
  let connected = 0;
  await database.listen(
    "news",
    (payload) => heard.push(payload),
    () => connected++,
  );
  const open = await database.beginTransaction();
  await open.db.executeSql("insert into kept values (2)");
  const waiting = assert.rejects(database.executeSql("select 1"), ENDED);
  await threads[0]?.terminate();
  await waiting;
  assert.equal(database.isDown, true);
  await assert.rejects(database.executeSql("select 1"), ENDED);
  assert.equal(errors.length, 1);

  await database.reopened();
  assert.equal(database.isDown, false);
  assert.equal(connected, 2);
  await database.executeSql("notify news, 'again'");
  await assert.rejects(open.db.executeSql("insert into kept values (3)"), {
    code: "OFFLOOP_JOBS_DATABASE_ENDED",
  });
  await assert.rejects(open.commit(), { code: "OFFLOOP_JOBS_DATABASE_ENDED" });
  assert.deepEqual((await database.executeSql("select n from kept")).rows, [{ n: 1 }]);
  assert.deepEqual(heard, ["again"]);
});

test("EmbeddedDatabase that is closed while its thread is replaced closes at once", async (t) => {
  const threads = databaseThreads(t);
  const dir = await folder(t);
  const database = await EmbeddedDatabase.open(dir, () => {});
  await threads[0]?.terminate();
  await database.close();
  assert.equal(threads.length, 1);
  const next = await EmbeddedDatabase.open(dir, () => {});
  await next.close();
});

test("/readyz says jobs while the embedded database has no thread, and the log says it once", async (t) => {
  const threads = databaseThreads(t);
  const ran = Promise.withResolvers<number>();
  const app = new App({ health: true, jobs: { dir: await folder(t), pollMs: 100 } });
  const task = app.task("task", { durable: true }, async (n: number) => ran.resolve(n));
  app.post("/", async () => (await task.enqueue(7)).id);
  const server = await running(app);
  t.after(() => server.close());
  const readyz = async (): Promise<unknown> => {
    const response = await fetch(`${server.url}/readyz`);
    return [response.status, await response.json()];
  };
  assert.deepEqual(await readyz(), [200, { status: "ready" }]);
  await threads[0]?.terminate();
  assert.deepEqual(await readyz(), [503, { status: "jobs" }]);
  const refused = await fetch(server.url, { method: "POST" });
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  while (threads.length < 2) await once(process, "worker");
  for (let state = await readyz(); !/ready/.test(JSON.stringify(state)); state = await readyz())
    await delay(50);
  assert.equal((await fetch(server.url, { method: "POST" })).status, 200);
  assert.equal(await ran.promise, 7);
  const told = server.log.filter(({ msg }) => /^jobs: Cannot reach the jobs in/.test(msg));
  assert.equal(told.length, 1);
  assert.match(told[0]?.msg ?? "", /fix wait: another thread opens them/);
});

test("EmbeddedDatabase.open() in a folder that cannot be made says why, and that jobs.dir names another", async (t) => {
  const file = join(await folder(t), "file");
  await writeFile(file, "");
  await assert.rejects(
    EmbeddedDatabase.open(join(file, "jobs"), () => {}),
    {
      code: "OFFLOOP_JOBS_FOLDER",
      message:
        /(ENOTDIR|not a directory).*fix let the user that runs the app write to the folder, or name another one in jobs\.dir/is,
    },
  );
});

test("EmbeddedDatabase.open() on a full disk says that it is full, and to make room", async (t) => {
  const disk = await folder(t);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
  if (mounted.status !== 0) return t.skip("this machine lets nobody mount a small disk");
  try {
    await assert.rejects(
      EmbeddedDatabase.open(join(disk, "jobs"), () => {}),
      {
        code: "OFFLOOP_JOBS_FOLDER",
        message: /jobs: ENOSPC: no space left on device\n {2}fix make room on its disk, or set DATABASE_URL/,
      },
    );
  } finally {
    spawnSync("umount", ["--lazy", disk]);
  }
});

test("EmbeddedDatabase keeps its files where no other user gets to them, also in a folder of before", async (t) => {
  const dir = await folder(t);
  for (const isNew of [true, false]) {
    if (!isNew) await chmod(join(dir, "pg"), 0o755);
    const database = await EmbeddedDatabase.open(dir, () => {});
    const { mode } = await stat(join(dir, "pg"));
    await database.close();
    assert.equal((mode & 0o777).toString(8), process.platform === "win32" ? "666" : "700");
  }
});
