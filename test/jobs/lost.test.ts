import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Command, fixture, listening, offloopWith } from "../fixtures/cli.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";

/** Starts the app as often as a test asks; ends what is left of it after the test. */
async function runs(
  t: TestContext,
  environment: Record<string, string> = {},
): Promise<(jobMs: number) => Command> {
  const dir = await mkdtemp(join(tmpdir(), "offloop-lost-"));
  const started: Command[] = [];
  t.after(async () => {
    await Promise.all(started.map((running) => running.insist("SIGKILL")));
    await rm(dir, { recursive: true });
  });
  return (jobMs) => {
    const own = { JOBS_DIR: join(dir, "jobs"), JOB_MS: `${jobMs}`, ...environment };
    const running = offloopWith(own, "run", fixture("lost-jobs.ts"), "--port", "0");
    started.push(running);
    return running;
  };
}

test("a job that was lost with its process runs with none of those beside it that were taken with it", async (t) => {
  const run = await runs(t);
  const first = run(600_000);
  const url = await listening(first);
  await fetch(`${url}/tells/lost?delayMs=0`, { method: "POST" });
  await first.line(/<lost begins>/);
  const others = ["second", "third"];
  for (const name of others) await fetch(`${url}/tells/${name}?delayMs=6000`, { method: "POST" });
  await first.insist("SIGKILL");
  const second = run(200);
  await second.line(
    /job tells:\S+ runs again, as attempt 2 of 6: its process ended, or was cut off, before attempt 1 was over/,
  );
  await Promise.all(["lost", ...others].map((name) => second.line(new RegExp(`<${name} ends>`))));
  const told = second.lines.flatMap((line) => /<(?<what>\w+ \w+)>/.exec(line)?.groups?.what ?? []);
  const from = told.indexOf("lost begins");
  const running = (what: readonly string[]): number =>
    what.reduce((count, one) => count + (one.endsWith("begins") ? 1 : -1), 0);
  assert.equal(running(told.slice(0, from)), 0, told.join(", "));
  assert.equal(told[from + 1], "lost ends", told.join(", "));
});

/** In the JSON of the log; level 50 is an error. */
const dead =
  /"level":50,.*"msg":"job (?<id>twice:[^ ]+) is dead after attempt 2, its last: its process ended, or was cut off, .* To run it again: offloop jobs app\.ts retry \\"\k<id>\\", or app\.jobs\.retry\(\\"\k<id>\\"\)/;

/** Kills the process of each attempt of a job that may be tried twice. @returns The process that says that it is dead. */
async function killEachAttempt(run: (jobMs: number) => Command): Promise<Command> {
  let running = run(600_000);
  const url = await listening(running);
  await fetch(`${url}/twice`, { method: "POST" });
  for (const _ of ["first", "last"]) {
    await running.line(/<twice begins>/);
    await running.insist("SIGKILL");
    running = run(600_000);
  }
  await running.line(dead);
  return running;
}

test("a job that was lost on its last attempt is logged as an error, once, and runs again when it is told to", async (t) => {
  const run = await runs(t, { POLL_MS: "200" });
  const third = await killEachAttempt(run);
  await third.insist("SIGKILL");
  const fourth = run(0);
  const url = await listening(fourth);
  const id = dead.exec(await third.line(dead))?.groups?.id ?? "";
  const attempts = await (await fetch(`${url}/attempts/${id}`)).json();
  assert.deepEqual(attempts, ["lost", "lost"]);
  await fetch(`${url}/retry/${id}`, { method: "POST" });
  await fourth.line(/<twice begins>/);
  assert.ok(!fourth.lines.some((line) => dead.test(line)), fourth.lines.join("\n"));
});

test("so it is on PostgreSQL, by the process that finds it", { skip: withoutPostgres() }, async (t) => {
  const { url } = await postgres();
  await killEachAttempt(await runs(t, { DATABASE_URL: url, POLL_MS: "200" }));
});
