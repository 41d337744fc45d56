import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Command, fixture, listening, offloop } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";
import { assertNextRequests } from "../fixtures/next-requests.ts";

const CLIENTS = 20;

const folder = mkdtempSync(join(tmpdir(), "offloop-"));
after(() => rmSync(folder, { recursive: true }));

/** Clients that ask one request after another until the server lets nobody in; gives what each was answered. */
async function loadUntilClosed(url: string): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  const client = createClient(url, CLIENTS);
  const askAll = async (_: unknown, id: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const name = `${id}-${n}`;
      try {
        const { status } = await client.ask(`/work/${id % 2 === 0 ? "thread" : "loop"}/${name}`);
        answers.set(name, status);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") return;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, askAll));
  client.close();
  return answers;
}

async function assertNothingLost(
  args: string[],
  end: (command: Command, url: string) => Promise<unknown>,
): Promise<Command> {
  const file = join(folder, `started-${Math.random()}`);
  process.env.STARTED = file;
  const command = offloop("run", fixture("under-load.ts"), "--port", "0", "--no-access-log", ...args);
  const url = await listening(command);
  const load = loadUntilClosed(url);
  while ((await startedIn(file)) < 500) await fetch(`${url}/pid`);
  await end(command, url);
  const answers = await load;
  const { code, output } = await command.ended();
  assert.equal(code, 0, output);
  const lost = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .filter((name) => answers.get(name) !== 200);
  assert.deepEqual(lost, [], `of ${answers.size} answered`);
  return command;
}

async function startedIn(file: string): Promise<number> {
  try {
    return readFileSync(file, "utf8").split("\n").length;
  } catch {
    return 0;
  }
}

test("SIGTERM under load: every request that was started is answered, exit code 0", async () => {
  const command = await assertNothingLost([], async ({ child }) => child.kill("SIGTERM"));
  assert.match(command.lines.join("\n"), /shut down/);
  assert.doesNotMatch(command.lines.join("\n"), /abandoned/);
});

test("SIGHUP under load to a single process shuts it down: every request that was started is answered", async () => {
  const command = await assertNothingLost([], async ({ child }) => child.kill("SIGHUP"));
  assert.match(command.lines.join("\n"), /SIGHUP: shutting down/);
  assert.doesNotMatch(command.lines.join("\n"), /abandoned/);
});

test("SIGTERM under load with --workers 2: the primary ends all, every request that was started is answered", async () => {
  await assertNothingLost(["--workers", "2"], async ({ child }) => child.kill("SIGTERM"));
});

test("kill -9 of one of two workers: it is replaced, requests go on, SIGTERM ends all with code 0", async () => {
  const command = offloop(
    "run",
    fixture("under-load.ts"),
    "--port",
    "0",
    "--no-access-log",
    "--workers",
    "2",
  );
  const url = await listening(command);
  const pids = async (): Promise<Set<number>> => {
    const found = new Set<number>();
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, async () => {
        const client = createClient(url);
        try {
          found.add(JSON.parse((await client.ask("/pid")).body.toString()) as number);
        } finally {
          client.close();
        }
      }),
    );
    assert.ok(
      answers.some(({ status }) => status === "fulfilled"),
      "somebody always answers",
    );
    return found;
  };
  let before = await pids();
  while (before.size < 2) before = await pids();
  const [victim] = before;
  process.kill(victim as number, "SIGKILL");
  await command.line(new RegExp(`worker ${victim} died \\(SIGKILL, not sent by offloop; `));
  let now = await pids();
  while (now.size < 2) now = await pids();
  assert.ok(!now.has(victim as number));
  await assertNextRequests(url);
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
});
