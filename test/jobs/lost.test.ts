import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Command, fixture, listening, offloopWith } from "../fixtures/cli.ts";

test("a job that was lost with its process runs with none of those beside it that were taken with it", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "offloop-lost-"));
  const started: Command[] = [];
  t.after(async () => {
    await Promise.all(started.map((running) => running.insist("SIGKILL")));
    await rm(dir, { recursive: true });
  });
  const run = (jobMs: number): Command => {
    const environment = { JOBS_DIR: join(dir, "jobs"), JOB_MS: `${jobMs}` };
    const running = offloopWith(environment, "run", fixture("lost-jobs.ts"), "--port", "0");
    started.push(running);
    return running;
  };
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
