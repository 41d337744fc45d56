import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Row } from "../../examples/experiments/client/row.ts";

interface Report {
  readonly held: boolean;
  readonly threads: number;
  readonly experiments: readonly { readonly rows: readonly Row[] }[];
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = new URL("../../examples/experiments/", import.meta.url);

/** Runs a program of the example to its end. */
function run(program: string, args: readonly string[], databaseUrl?: string): Promise<Ended> {
  const { DATABASE_URL: _, ...env } = process.env;
  const options = { env: databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl } };
  const command = ["--conditions=offloop:source", fileURLToPath(new URL(program, folder)), ...args];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test("npm run experiments holds every expectation, with short waits", async () => {
  const { code, stdout, stderr } = await run("client/main.ts", ["--seconds", "0.3", "--json"]);
  assert.equal(code, 0, stdout + stderr);
  const report = JSON.parse(stdout) as Report;
  const [paths, tasks, blocking] = report.experiments.map(({ rows }) => rows);
  assert.equal(report.held, true);
  assert.deepEqual(
    paths?.map(({ what, requests }) => `${what} x ${requests}`),
    [
      "async, synchronous call x 1",
      "async, synchronous call x 3",
      "async, call in a task x 1",
      "async, call in a task x 10",
      "async, fetch x 1",
      "async, fetch x 10",
      "plain function x 1",
      "plain function x 10",
      "plain function x 45",
      "plain function, plain GET x 45",
    ],
  );
  const twenty = tasks?.find(({ what, requests }) => what === "plain tasks" && requests === 20);
  assert.deepEqual(twenty?.measured.waves, [report.threads, report.threads, report.threads, 2]);
  const thousand = tasks?.find(({ requests }) => requests === 1000);
  assert.deepEqual(thousand?.measured.threads, [thousand?.measured.mainThread]);
  assert.equal(blocking?.length, 2);
});

test("the example refuses a DATABASE_URL for another driver by its name, and keeps the password to itself", async () => {
  for (const [url, named] of [
    [
      "postgresql+asyncpg://me:secret@localhost/shop",
      /"postgresql\+asyncpg:" is for SQLAlchemy's driver asyncpg/,
    ],
    ["mysql://me:secret@localhost/shop", /"mysql:" is for MySQL/],
    ["host=localhost password=secret", /it is not a URL/],
    ["postgresql://me:secret@127.0.0.1:1/shop", /Cannot connect to DATABASE_URL: connect ECONNREFUSED/],
  ] as const) {
    const { code, stdout, stderr } = await run("serve.ts", ["--port", "0"], url);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, named);
    assert.match(stderr, /\n {2}fix .+\n$/);
    assert.doesNotMatch(stdout + stderr, /secret|\n {4}at /);
  }
});
