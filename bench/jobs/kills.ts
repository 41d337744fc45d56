import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";

/**
 * Kills processes that work on jobs, and counts what is lost and what runs twice.
 *
 * node --conditions=offloop:source bench/jobs/kills.ts embedded|postgres [jobs] [kills]
 */
const [where = "embedded", jobsText = "1000", killsText = "20"] = process.argv.slice(2);
const [jobs, kills] = [Number(jobsText), Number(killsText)];
const folder = mkdtempSync(join(tmpdir(), "offloop-kills-"));
const effects = join(folder, "effects");
const database = where === "postgres" ? await startPostgres() : undefined;
const app = new URL("./app.ts", import.meta.url).pathname;
const cli = new URL("../../src/cli/main.ts", import.meta.url).pathname;

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(...args: string[]): Promise<Started> {
  const env = {
    ...process.env,
    EFFECTS: effects,
    ...(database === undefined ? {} : { DATABASE_URL: database.url }),
  };
  const child = spawn(process.execPath, ["--conditions=offloop:source", cli, ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface(child.stdout)) {
    const { msg = "" } = JSON.parse(line) as { msg?: string };
    const url = /listens on (\S+)/.exec(msg)?.[1];
    if (url !== undefined || msg.includes("works on")) {
      child.stdout.resume();
      return { child, url: url ?? "" };
    }
  }
  throw new Error("it ended before it was ready");
}

async function kill({ child }: Started): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

const serving = ["run", app, "--port", "0", "--no-access-log"];
let server = await start(...serving, ...(database === undefined ? [] : ["--no-work"]));
await fetch(`${server.url}/enqueue/0/${jobs}`, { method: "POST" });
const workers = database === undefined ? [] : await Promise.all([1, 2, 3].map(() => start("work", app)));
const startedAt = Date.now();

for (let done = 0; done < kills; done++) {
  await sleep(400 + Math.random() * 600);
  if (database === undefined) {
    await kill(server);
    server = await start(...serving);
    continue;
  }
  const index = Math.floor(Math.random() * workers.length);
  await kill(workers[index] as Started);
  workers[index] = await start("work", app);
  if (done === Math.floor(kills / 3) || done === Math.floor((2 * kills) / 3)) await database.restart();
}

interface Counts {
  readonly task: string;
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
  readonly dead: number;
}

const left = async (): Promise<Counts[]> =>
  (await fetch(`${server.url}/counts`)).json().catch(() => []) as Promise<Counts[]>;
const deadline = Date.now() + 180_000;
for (;;) {
  const counts = await left();
  const open = counts.reduce((sum, one) => sum + one.waiting + one.running + one.failed, 0);
  if ((counts.length > 0 && open === 0) || Date.now() > deadline) break;
  await sleep(500);
}

const lines = readFileSync(effects, "utf8").trim().split("\n");
const times = Map.groupBy(lines, (line) => line);
console.log({
  where,
  jobs,
  kills,
  seconds: Math.round((Date.now() - startedAt) / 1_000),
  lost: jobs - times.size,
  ranTwice: [...times.values()].filter((all) => all.length > 1).length,
  left: await left(),
});
await Promise.all([server, ...workers].map(kill));
await database?.stop();
rmSync(folder, { recursive: true, force: true });
