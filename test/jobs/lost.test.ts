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

async function enqueue(url: string, names: readonly string[]): Promise<void> {
  for (const name of names) await fetch(`${url}/tells/${name}?delayMs=0`, { method: "POST" });
}

const allBegin = (running: Command, names: readonly string[]): Promise<string[]> =>
  Promise.all(names.map((name) => running.line(new RegExp(`<${name} begins>`))));

test("jobs that were lost with their process run side by side, and hold up no others", async (t) => {
  const run = await runs(t, { POLL_MS: "200" });
  const first = run(600_000);
  const lost = ["one", "two", "three"];
  await enqueue(await listening(first), lost);
  await allBegin(first, lost);
  await first.insist("SIGKILL");
  const second = run(600_000);
  await second.line(
    /job tells:\S+ runs again, as attempt 2 of 6: its process ended, or was cut off, before attempt 1 was over/,
  );
  await enqueue(await listening(second), ["new"]);
  await allBegin(second, [...lost, "new"]);
});

test("of jobs that were lost twice in a row, one runs at a time; others run beside it, and waiting costs no attempt", async (t) => {
  const run = await runs(t, { POLL_MS: "200" });
  const suspects = ["one", "two"];
  let running = run(600_000);
  await enqueue(await listening(running), suspects);
  for (const _ of ["first", "second"]) {
    await allBegin(running, suspects);
    await running.insist("SIGKILL");
    running = run(600_000);
  }
  const begun = /<(?<name>one|two) begins>/.exec(await running.line(/<(one|two) begins>/))?.groups?.name;
  const other = begun === "one" ? "two" : "one";
  const url = await listening(running);
  await enqueue(url, ["new"]);
  await allBegin(running, ["new"]);
  assert.ok(!running.lines.some((line) => line.includes(`<${other} begins>`)), running.lines.join("\n"));
  const jobs = (await (await fetch(`${url}/jobs`)).json()) as { id: string; args: [string] }[];
  const idOf = (name: string | undefined): string => jobs.find(({ args }) => args[0] === name)?.id ?? "";
  await fetch(`${url}/cancel/${idOf(begun)}`, { method: "POST" });
  await allBegin(running, [other]);
  assert.deepEqual(await (await fetch(`${url}/attempts/${idOf(other)}`)).json(), ["lost", "lost", null]);
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
