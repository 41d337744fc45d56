import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { App, type EnqueuedJob, type Server, serve } from "offloop";
import pg from "pg";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { appFolder } from "../fixtures/app-folder.ts";
import { add, addLater, app, failsLater, retriedLater, waits } from "../fixtures/apps/jobs.ts";
import { fixture, listening, offloop, offloopWith } from "../fixtures/cli.ts";
import { withoutPostgres } from "../fixtures/databases.ts";

const module = fixture("jobs.ts");

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** `offloop jobs app.ts ...` */
function jobs(...args: string[]): Promise<Ended> {
  return offloop("jobs", module, ...args).ended();
}

async function reaches({ id }: EnqueuedJob, state: string): Promise<void> {
  for await (const job of app.jobs.follow(id)) if (job.state === state) return;
}

test("a mistake in the arguments is one line, without a stack", async () => {
  const mistakes: [string[], RegExp][] = [
    [["show"], /^error: give the job's id: offloop jobs .*jobs\.ts show <id>$/],
    [["retry"], /^error: give the job's id: .* retry <id>$/],
    [["cancel"], /^error: give the job's id: .* cancel <id>$/],
    [
      ["list", "--state", "lost"],
      /^error: .*'lost' is invalid\. .*waiting, running, done, failed, dead, cancelled\.$/,
    ],
    [["list", "--limit", "0"], /^error: .*'0' is invalid\. expected a number of 1-1000$/],
    [["list", "extra"], /^error: list takes no ids, got extra; --task and --state choose what list shows$/],
    [["count", "a", "b"], /^error: count takes no ids, got a b; /],
    [
      ["retry", "--task", "add"],
      /^error: give --state one of waiting, failed, dead, cancelled: .* retry --state dead --task <name>$/,
    ],
    [["retry", "--state", "running"], /^error: give --state one of waiting, failed, dead, cancelled: /],
    [["cancel", "--state", "done"], /^error: give --state one of waiting, running, failed, dead: /],
    [["cancel", "add:1", "--state", "dead"], /^error: cancel takes ids, or --state and --task, not both$/],
    [["forget"], /^error: .*list, count, show, retry, cancel, drain, schema\.$/],
  ];
  const ends = await Promise.all(mistakes.map(([args]) => jobs(...args)));
  for (const [index, { code, output }] of ends.entries()) {
    assert.equal(code, 1);
    assert.match(output, mistakes[index]?.[1] as RegExp);
  }
});

test("a start that makes the database of the jobs says so before it has made it, and each says where they are kept", async (t) => {
  const folder = appFolder({});
  folder.write(
    "app.ts",
    `import { App } from "offloop";
const app = new App({ jobs: { dir: ${JSON.stringify(folder.path("jobs"))} } });
app.task("later", { durable: true }, async () => {});
export default app;
`,
  );
  for (const isNew of [true, false]) {
    const run = offloopWith({ DATABASE_URL: "" }, "run", folder.path("app.ts"), "--port", "0");
    t.after(() => run.child.kill("SIGKILL"));
    if (isNew)
      await run.line(/opening the jobs in \S+jobs: the database is new, and making it takes some seconds/);
    await listening(run);
    await run.insist("SIGTERM");
    const { output } = await run.ended();
    assert.equal(output.includes("the database is new"), isNew, output);
    assert.ok(output.includes(`jobs are kept in the folder ${folder.path("jobs")}"`), output);
  }
});

test("drain: a lifespan may call a plain task, as where the app is served", async () => {
  const folder = appFolder({});
  folder.write(
    "app.ts",
    `import { App } from "offloop";
const app = new App({ jobs: { dir: ${JSON.stringify(folder.path("jobs"))} } });
const double = app.task("double", (n: number) => 2 * n);
app.task("later", { durable: true }, async () => {});
app.lifespan(async function* () {
  console.log(\`doubled: \${await double(21)}\`);
  yield;
});
export default app;
`,
  );
  const { code, output } = await offloopWith(
    { DATABASE_URL: "" },
    "jobs",
    folder.path("app.ts"),
    "drain",
  ).ended();
  assert.match(output, /^doubled: 42$/m);
  assert.match(output, /^no job is left to run$/m);
  assert.equal(code, 0);
});

test("jobs of a task that was renamed are counted, marked, and a list says where they are", async (t) => {
  const folder = appFolder({});
  const dir = folder.path("jobs");
  const before = new App({ jobs: { dir } });
  const invoice = before.task("invoice", { durable: true }, async () => {});
  const server = await serve(before, { port: 0, signals: false, logLevel: "silent", work: false });
  t.after(() => server.close());
  const { id } = await invoice.enqueue();
  await server.close();
  folder.write(
    "app.ts",
    `import { App } from "offloop";
const app = new App({ jobs: { dir: ${JSON.stringify(dir)} } });
app.task("invoices", { durable: true }, async () => {});
export default app;
`,
  );
  const ask = (...args: string[]): Promise<Ended> =>
    offloopWith({ DATABASE_URL: "" }, "jobs", folder.path("app.ts"), ...args).ended();
  assert.match((await ask("count")).output, /^invoice {2}1 waiting, and the app does not declare it$/m);
  assert.match(
    (await ask("list", "--state", "waiting")).output,
    /^invoice {2}1 waiting, and the app does not declare it: --task shows them$/m,
  );
  assert.match((await ask("list", "--task", "invoice")).output, new RegExp(id));
});

for (const backend of ["PGlite", "PostgreSQL"] as const) {
  describe(`offloop jobs, on ${backend}`, { skip: backend === "PostgreSQL" && withoutPostgres() }, () => {
    let folder: string;
    let database: DatabaseServer | undefined;
    let server: Server;

    const start = (work: boolean): Promise<Server> =>
      serve(app, {
        port: 0,
        signals: false,
        logLevel: "silent",
        work,
        jobs: database === undefined ? { dir: folder } : { url: database.url },
      });

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "offloop-cli-jobs-"));
      database = backend === "PostgreSQL" ? await startPostgres() : undefined;
      // For the processes that the tests start.
      process.env.JOBS_DIR = folder;
      if (database === undefined) delete process.env.DATABASE_URL;
      else process.env.DATABASE_URL = database.url;
      server = await start(true);
    });
    after(async () => {
      await server.close();
      await database?.stop();
      await rm(folder, { recursive: true, force: true });
      delete process.env.DATABASE_URL;
    });

    test("list shows jobs by task and state, and as JSON; count counts them", async () => {
      const dead = await failsLater.enqueue("no \u001b[31mluck\u009b");
      const done = await add.enqueue(1, 2);
      await addLater.with({ delayMs: 3_600_000 }).enqueue(1, 2);
      await Promise.all([reaches(dead, "dead"), reaches(done, "done")]);
      const { code, output } = await jobs("list", "--state", "dead");
      assert.equal(code, 0);
      assert.match(
        output,
        new RegExp(
          `^enqueued +state +due, begun or ended +attempt, id\n\\S+Z  dead +\\S+Z  attempt 1  ${dead.id}  TypeError: no \\\\u001b\\[31mluck\\\\u009b$`,
        ),
      );
      const shown = JSON.parse((await jobs("show", dead.id)).output);
      assert.deepEqual(shown.args, ["no \u001b[31mluck\u009b"]);
      const listed = JSON.parse((await jobs("list", "--task", "add", "--limit", "1", "--json")).output);
      assert.deepEqual(
        listed.map((job: Record<string, unknown>) => [job.id, job.state, job.result]),
        [[done.id, "done", 3]],
      );
      assert.equal((await jobs("list", "--task", "stoppable")).output, "no jobs");
      assert.match(
        (await jobs("list", "--task", "stopable")).output,
        /^the app declares no durable task "stopable": none of its processes runs such jobs$/m,
      );
      assert.match((await jobs("count")).output, /^addLater {2}1 waiting, 0 running, 0 failed, 0 dead;/m);
    });

    test("show prints a job with its attempts; an id that no job has is reported", async () => {
      const { id } = await failsLater.enqueue("again");
      await reaches({ id, task: "failsLater" }, "dead");
      const shown = JSON.parse((await jobs("show", id)).output);
      assert.deepEqual([shown.id, shown.state, shown.error.message], [id, "dead", "again"]);
      assert.deepEqual([shown.attempts.length, shown.attempts[0].outcome], [1, "failed"]);
      const missing = await jobs("show", `${id.slice(0, -1)}x`);
      assert.deepEqual([missing.code, missing.output.startsWith("there is no job")], [1, true]);
    });

    test("retry has a dead job run, and a done one not", async () => {
      const dead = await failsLater.enqueue("later");
      await reaches(dead, "dead");
      assert.deepEqual(await jobs("retry", dead.id), { code: 0, output: `${dead.id} will run` });
      await reaches(dead, "dead");
      assert.equal((await app.jobs.attempts(dead.id)).length, 2);
      const done = await add.enqueue(1, 2);
      await reaches(done, "done");
      assert.equal((await jobs("retry", done.id)).code, 1);
    });

    test("retry and cancel take all jobs of a task in a state, say how many, and do nothing when repeated", async () => {
      const before = (await app.jobs.list({ state: "dead", task: "failsLater" })).length;
      const dead = [await failsLater.enqueue("1"), await failsLater.enqueue("2")];
      await Promise.all(dead.map((job) => reaches(job, "dead")));
      const retried = await jobs("retry", "--state", "dead", "--task", "failsLater");
      assert.deepEqual(retried, { code: 0, output: `${before + 2} jobs will run` });
      await Promise.all(dead.map((job) => reaches(job, "dead")));
      for (const { id } of dead) assert.equal((await app.jobs.attempts(id)).length, 2);
      const later = await addLater.with({ delayMs: 3_600_000 }).enqueue(1, 2);
      const waiting = (await app.jobs.list({ state: "waiting", task: "addLater" })).length;
      const cancelled = await jobs("cancel", "--state", "waiting", "--task", "addLater");
      assert.deepEqual(cancelled, { code: 0, output: `${waiting} job${waiting === 1 ? "" : "s"} cancelled` });
      assert.equal((await app.jobs.get(later.id))?.state, "cancelled");
      const again = await jobs("cancel", "--state", "waiting", "--task", "addLater");
      assert.deepEqual(again, { code: 0, output: "0 jobs cancelled" });
      await assert.rejects(app.jobs.retryAll({ state: "done" as never }), {
        code: "OFFLOOP_OPTION_INVALID",
        message: /expected one of waiting, failed, dead, cancelled as state, got "done"/,
      });
      await assert.rejects(app.jobs.cancelAll({} as never), { code: "OFFLOOP_OPTION_INVALID" });
      await assert.rejects(app.jobs.cancelAll({ state: "dead", tasks: "x" } as never), {
        code: "OFFLOOP_OPTION_UNKNOWN",
      });
    });

    test("cancel stops a job that waits and one that runs, and none that has ended", async () => {
      const later = await addLater.with({ delayMs: 3_600_000 }).enqueue(1, 2);
      const running = await waits.enqueue(3_600_000);
      await reaches(running, "running");
      assert.deepEqual(await jobs("cancel", later.id, running.id), {
        code: 0,
        output: `${later.id} is cancelled\n${running.id} is cancelled`,
      });
      for (const { id } of [later, running]) assert.equal((await app.jobs.get(id))?.state, "cancelled");
      assert.equal((await jobs("cancel", later.id)).code, 1);
    });

    const skip = backend === "PostgreSQL" && "any number of processes may share it";
    test("offloop work, and another process that serves, are refused beside the owner of a folder", {
      skip,
    }, async () => {
      const [work, run] = await Promise.all([
        offloop("work", module).ended(),
        offloop("run", module, "--port", "0").ended(),
      ]);
      const said = [work, run].map(({ output }) => JSON.parse(output) as { code: string; msg: string });
      assert.deepEqual(
        said.map(({ code }) => code),
        ["OFFLOOP_JOBS_OWNED", "OFFLOOP_JOBS_OWNED"],
      );
      assert.deepEqual([work.code, run.code], [1, 1]);
      assert.match(
        said[0]?.msg ?? "",
        /: Cannot use offloop work with embedded jobs: only the process that serves may have them open$/m,
      );
      const owner = `process ${process.pid}`;
      assert.ok(said[1]?.msg.includes(`: Cannot open the jobs in ${folder}: ${owner} has them open`));
      assert.ok(said[1]?.msg.includes(`or stop ${owner}; if you have just killed it, start again`));
      for (const { msg } of said) assert.match(msg, /^ *fix set DATABASE_URL to a PostgreSQL/m);
      // The owner goes on.
      const job = await add.enqueue(1, 2);
      await reaches(job, "done");
    });

    test("drain runs what is due, and says what waits for later; beside the owner of a folder it is refused", {
      timeout: 120_000,
    }, async () => {
      await server.close();
      server = await start(false);
      const due = [await add.enqueue(20, 22), await addLater.enqueue(1, 1)];
      const again = await retriedLater.enqueue();
      if (database === undefined) {
        const refused = await jobs("drain");
        assert.equal(refused.code, 1);
        assert.match(refused.output, /OFFLOOP_JOBS_OWNED/);
        await server.close();
      }
      const { code, output } = await jobs("drain");
      assert.equal(code, 0);
      const [, count, next] = /^left: (\d+) waiting for later, the next at (\S+)$/m.exec(output) ?? [];
      if (database === undefined) server = await start(false);
      for (const { id } of due) assert.equal((await app.jobs.get<unknown>(id))?.state, "done");
      assert.equal((await app.jobs.get(again.id))?.state, "failed");
      const left = [
        ...(await app.jobs.list({ state: "waiting" })),
        ...(await app.jobs.list({ state: "failed" })),
      ];
      assert.equal(Number(count), left.length, output);
      assert.equal(Date.parse(next ?? ""), Math.min(...left.map(({ runAt }) => runAt.getTime())), output);
      for (const { id } of left) await app.jobs.cancel(id);
    });

    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      test(`drain ends on ${signal}: what runs has its grace, and waits again`, {
        skip: backend === "PGlite" && "whether it runs is seen only beside it",
      }, async () => {
        await server.close();
        server = await start(false);
        const job = await waits.enqueue(3_600_000);
        const draining = offloopWith({ GRACE_MS: "300" }, "jobs", module, "drain");
        await reaches(job, "running");
        draining.child.kill(signal);
        const { code, output } = await draining.ended();
        assert.equal(code, 0, output);
        assert.match(output, /broke off 1 job after 300 ms/);
        assert.match(output, /^left: 1 waiting, the first since \S+Z$/m);
        const { state, attempt } = (await app.jobs.get(job.id)) ?? {};
        assert.deepEqual([state, attempt], ["waiting", 0]);
        await app.jobs.cancel(job.id);
        assert.deepEqual(await jobs("drain"), { code: 0, output: "no job is left to run" });
      });
    }
  });
}

describe("offloop jobs app.ts schema", { skip: withoutPostgres() }, () => {
  test("prints the SQL with which a role that may make no schema can keep jobs", async (t) => {
    const database = (await startPostgres()) as DatabaseServer;
    const admin = new pg.Client(database.url);
    await admin.connect();
    t.after(async () => {
      await admin.end();
      await database.stop();
    });
    await admin.query("create role poor login; revoke create on database postgres from public");
    const url = database.url.replace("postgres@", "poor@");
    const open = (): Promise<Server> =>
      serve(app, { port: 0, signals: false, logLevel: "silent", jobs: { url } });
    await assert.rejects(open(), { code: "OFFLOOP_JOBS_SCHEMA" });
    const { code, output } = await jobs("schema");
    assert.equal(code, 0);
    await admin.query(output);
    await admin.query(`grant usage on schema offloop to poor;
      grant select, insert, update, delete on all tables in schema offloop to poor;
      grant execute on all functions in schema offloop to poor`);
    const server = await open();
    try {
      const job = await add.enqueue(1, 2);
      await reaches(job, "done");
      assert.equal((await app.jobs.get(job.id))?.result, 3);
    } finally {
      await server.close();
    }
  });
});
