import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent } from "node:http";
import { after, before, suite, test } from "node:test";
import type { BlockCulprit, BlockReport } from "../../src/channels/channels.ts";
import { BlockingServer, markedLine, markedPackageLine } from "./blocking-server.ts";

/** How often each case runs: `WATCH_RUNS=20 node --test ...` for the figures. */
const RUNS = Number(process.env.WATCH_RUNS ?? 1);

/** How much the production level knows of the line: it sees into JavaScript, and past wrappers written in it. */
const kinds = [
  { path: "/spin", line: "exact" },
  { path: "/regex", line: "exact" },
  { path: "/wait", line: "exact" },
  { path: "/package", line: "exact" },
  { path: "/pbkdf2", line: "near" },
  { path: "/fifo", line: "near" },
  { path: "/exec", line: "near" },
  { path: "/json", line: "unknown" },
  { path: "/sqlite", line: "unknown" },
] as const;

function culpritOf({ culprits }: BlockReport): BlockCulprit {
  assert.ok(culprits[0], "nobody is named");
  return culprits[0];
}

function assertDuration({ durationMs }: BlockReport, ms: number): void {
  assert.ok(Math.abs(durationMs - ms) <= ms * 0.2, `${durationMs} ms reported for ${ms} ms`);
}

/** One of many short runs is not accused, nor one that is merely probable since others had the CPU: it has no candidates. */
function assertNotAccused({ culprits }: BlockReport, guilty: string): void {
  for (const { operation, certain, candidates, oneOfMany } of culprits) {
    if (oneOfMany === true || operation === guilty || operation === undefined) continue;
    assert.ok(!certain, `${operation} is named for ${guilty}`);
    assert.ok(
      candidates.length === 0 || candidates.includes(guilty),
      `${guilty} is not among ${JSON.stringify(culprits)}`,
    );
  }
}

async function repeat(run: () => Promise<void>): Promise<void> {
  for (let count = 0; count < RUNS; count++) await run();
}

/** Holds two other operations in progress meanwhile. */
async function amongOthers<T>(server: BlockingServer, run: () => Promise<T>): Promise<T> {
  const held = [server.ask("/held-a"), server.ask("/held-b")];
  const result = await run();
  await server.ask("/free");
  await Promise.all(held);
  return result;
}

for (const level of ["development", "production"] as const) {
  suite(`watchdog, ${level} level`, { concurrency: false }, () => {
    let server: BlockingServer;
    before(async () => {
      server = await BlockingServer.start(level);
    });
    after(() => server.close());

    for (const { path, line } of kinds) {
      test(`names GET ${path}, its line and duration`, () =>
        repeat(async () => {
          const { report, answer } = await amongOthers(server, () => server.block(path));
          assertDuration(report, (answer as { ms: number }).ms);
          assertNotAccused(report, `GET ${path}`);
          const { operation, certain, at, within } = culpritOf(report);
          if (level === "development" || line === "exact") {
            assert.equal(operation, `GET ${path}`);
            assert.ok(certain);
          }
          if (level === "production" && line === "unknown") return;
          assert.equal(at?.file, server.file);
          assert.equal(at?.line, markedLine(path.slice(1)));
          if (path === "/package") assert.equal(within?.line, markedPackageLine("spin"));
        }));
    }

    test("names a native call inside a package, and the operation that called it", () =>
      repeat(async () => {
        const { report, answer } = await amongOthers(server, () => server.block("/package-native"));
        assertDuration(report, (answer as { ms: number }).ms);
        assertNotAccused(report, "GET /package-native");
        const { at, within } = culpritOf(report);
        assert.equal(at?.line, markedLine("package-native"));
        assert.equal(within?.line, markedPackageLine("digest"));
      }));

    test("names the operation whose reply is being encoded, and no line of an around", () =>
      repeat(async () => {
        const found = server.mention("GET /encode");
        await server.ask("/encode");
        const { operation, at } = culpritOf(await found);
        assert.equal(operation, "GET /encode");
        assert.equal(at, undefined);
      }));

    test("gives no line of an around to a native call inside it", () =>
      repeat(async () => {
        const found = server.mention("GET /json-inside");
        await server.ask("/json-inside");
        const { operation, certain, at } = culpritOf(await found);
        assert.equal(operation, "GET /json-inside");
        assert.ok(certain);
        assert.equal(at?.line, level === "development" ? markedLine("json-inside") : undefined);
      }));

    test("names a background task and its line", () =>
      repeat(async () => {
        const taskMs = once(server.events, "taskMs") as Promise<[number]>;
        const { report } = await server.block("/task", "task nightly");
        assertDuration(report, (await taskMs)[0]);
        const { operation, at } = culpritOf(report);
        assert.equal(operation, "task nightly");
        assert.equal(at?.line, markedLine("nightly"));
      }));

    test("is not misled by continuations that follow a native call at once", () =>
      repeat(async () => {
        const asked = [server.ask("/queued-first")];
        while ((await server.ask("/arrived")) !== 1);
        asked.push(server.ask("/queued-after"), server.ask("/queued-after"));
        while ((await server.ask("/arrived")) !== 3);
        const { report } = await server.block("/open", "GET /queued-first");
        await Promise.all(asked);
        assertNotAccused(report, "GET /queued-first");
        const { certain, operation, at } = culpritOf(report);
        assert.equal(certain, level === "development");
        if (level === "production") return;
        assert.equal(operation, "GET /queued-first");
        assert.equal(at?.line, markedLine("queued-first"));
      }));

    test("counts the requests that came meanwhile, kept-alive connections and new ones", () =>
      repeat(async () => {
        const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true }));
        await Promise.all(agents.map((agent) => server.ask("/never", agent)));
        const isBlocking = once(server.events, "blocking");
        const blocked = server.block("/announced");
        await isBlocking;
        const late = [...agents, ...Array.from({ length: 5 }, () => new Agent())];
        await Promise.all(late.map((agent) => server.ask("/never", agent)));
        const { report } = await blocked;
        for (const agent of agents) agent.destroy();
        assert.equal(report.waitedRequests, late.length);
        assert.equal(report.state, "asleep");
      }));

    test("never names the other of two operations, of which one blocks now and then", () =>
      repeat(async () => {
        const first = server.reports.length;
        const agent = new Agent({ keepAlive: true, maxSockets: 10 });
        const paths = Array.from({ length: 1_000 }, (_, index) =>
          index % 2 === 0 ? "/never" : "/now-and-then",
        );
        await Promise.all(paths.map((path) => server.ask(path, agent)));
        agent.destroy();
        await server.block("/spin");
        const reports = server.reports.slice(first, -1);
        assert.ok(reports.length >= 4, `${reports.length} reports of 5 blocks`);
        for (const report of reports) assertNotAccused(report, "GET /now-and-then");
      }));
  });
}
