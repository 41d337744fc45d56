import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import type { Batch } from "../../src/inspector/batch.ts";
import { Store } from "../../src/inspector/page/store.ts";
import { fixture, listening, offloop } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";

const REQUESTS = 40;

interface OpenedPage {
  /** The one that answers it. */
  readonly worker: number;
  readonly store: Store;
  /** Resolves once what the page has been told fits. */
  until(fits: (store: Store) => boolean): Promise<void>;
}

/** What a page would know, of whichever worker answers it. */
async function openPage(
  t: TestContext,
  url: string,
  headers: Record<string, string> = {},
): Promise<OpenedPage> {
  const asking = get(`${url}/_offloop/events`, { headers, agent: false });
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  const store = new Store();
  const waiting = new Set<() => void>();
  const lines = createInterface({ input: response });
  lines.on("line", (line) => {
    if (line.startsWith("data: ")) store.take(JSON.parse(line.slice(6)) as Batch);
    for (const look of waiting) look();
  });
  for (const end of [asking, response, lines]) end.on("error", () => {}); // its worker may die
  t.after(() => asking.destroy());
  const until: OpenedPage["until"] = (fits) =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!fits(store)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  let worker = 0;
  await until(({ processes }) => {
    worker ||= processes[0]?.worker ?? 0;
    return worker > 0;
  });
  return { worker, store, until };
}

/** A connection each, so that both workers get some. */
async function ask(url: string): Promise<void> {
  await Promise.all(
    Array.from({ length: REQUESTS }, async () => {
      const client = createClient(url);
      assert.equal((await client.ask("/loop/items/1")).status, 200);
      client.close();
    }),
  );
}

const calls = ({ figures }: Store): number => figures.list.reduce((sum, one) => sum + one.calls, 0);
const living = ({ processes }: Store): number => processes.filter(({ isGone }) => !isGone).length;

test("offloop run --inspector --workers 2: every page learns about both, including what came before it", async (t) => {
  const command = offloop(
    ...["run", fixture("metrics.ts"), "--port", "0", "--no-access-log", "--workers", "2", "--inspector"],
  );
  t.after(() => command.child.kill("SIGKILL"));
  const url = await listening(command);
  await ask(url);
  const pages = await Promise.all(Array.from({ length: 4 }, () => openPage(t, url)));
  for (const { until, store } of pages) {
    await until((told) => living(told) === 2 && calls(told) === REQUESTS);
    assert.equal(new Set(store.runs.map(({ request }) => request)).size, REQUESTS);
    assert.equal(store.names.length, 1);
  }
  await ask(url);
  for (const { until } of pages) await until((told) => calls(told) === 2 * REQUESTS);
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
});

test("offloop run --inspector --workers 2: a worker that dies is reported, and so is its replacement", async (t) => {
  const command = offloop(
    ...["run", fixture("metrics.ts"), "--port", "0", "--no-access-log", "--workers", "2", "--inspector"],
  );
  t.after(() => command.child.kill("SIGKILL"));
  const url = await listening(command);
  const page = await openPage(t, url);
  await page.until((told) => living(told) === 2);
  const pidOf = (line: string): number => (JSON.parse(line) as { pid: number }).pid;
  const first = pidOf(await command.line(/listens on/));
  const pids = [first, pidOf(await command.line(new RegExp(`"pid":(?!${first}\\b).*listens on`)))];
  // The one that does not answer the page; the first that was started has the lower number.
  process.kill(page.worker === 1 ? Math.max(...pids) : Math.min(...pids), "SIGKILL");
  await page.until((told) => told.processes.length === 3 && living(told) === 2);
  assert.equal(page.store.processes.find(({ isGone }) => isGone)?.worker, 3 - page.worker);
  command.child.kill("SIGTERM");
  assert.equal((await command.ended()).code, 0);
});

test("offloop run has no inspector by itself; with a token it answers those who have it", async (t) => {
  const without = offloop("run", fixture("metrics.ts"), "--port", "0");
  t.after(() => without.child.kill("SIGKILL"));
  assert.equal((await fetch(`${await listening(without)}/_offloop`)).status, 404);
  const token = "0123456789abcdef0123456789abcdef";
  const guarded = offloop("run", fixture("metrics.ts"), "--port", "0", "--inspector-token", token);
  t.after(() => guarded.child.kill("SIGKILL"));
  const url = await listening(guarded);
  assert.equal((await fetch(`${url}/_offloop`)).status, 401);
  assert.equal((await fetch(`${url}/_offloop?token=${token}`, { redirect: "manual" })).status, 303);
});
