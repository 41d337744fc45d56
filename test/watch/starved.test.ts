import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BlockReport } from "../../src/channels/channels.ts";
import { createClient } from "../fixtures/client.ts";

/** How long innocent operations are asked while others have the processors: `STARVED_SECONDS=300` for the figures. */
const SECONDS = Number(process.env.STARVED_SECONDS ?? 8);
const innocent = ["/", "/awaits", "/some", "/tasks", "/"];

/** Four processes for each processor that want all of it, until the test ends. */
function occupyProcessors(t: TestContext): void {
  const busy = Array.from({ length: 4 * availableParallelism() }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  t.after(() => {
    for (const one of busy) one.kill("SIGKILL");
  });
}

interface Watched {
  readonly child: ChildProcess;
  readonly url: string;
  readonly reports: BlockReport[];
}

async function watched(t: TestContext, level: "production" | "development"): Promise<Watched> {
  const app = fileURLToPath(new URL("./starved-app.ts", import.meta.url));
  const child = fork(app, [level], { execArgv: ["--conditions=offloop:source"] });
  t.after(() => child.kill("SIGKILL"));
  const reports: BlockReport[] = [];
  child.on("message", ({ report }: { report?: BlockReport }) => {
    if (report !== undefined) reports.push(report);
  });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return { child, url, reports };
}

for (const level of ["production", "development"] as const)
  test(`while other processes have the processors, no innocent operation is named as certain [${level}]`, {
    skip: process.platform === "linux" ? false : "only Linux says who had the CPU",
  }, async (t) => {
    const { url, reports } = await watched(t, level);
    occupyProcessors(t);
    const client = createClient(url, 40);
    t.after(() => client.close());
    const end = performance.now() + SECONDS * 1_000;
    let asked = 0;
    const askOn = async (): Promise<void> => {
      while (performance.now() < end) {
        assert.equal((await client.ask(innocent[asked++ % innocent.length] as string)).status, 200);
      }
    };
    await Promise.all(Array.from({ length: 40 }, askOn));
    const blamed = reports.filter(({ culprits }) =>
      culprits.some(({ certain, operation }) => certain && operation !== undefined),
    );
    const starved = reports.filter(({ state }) => state === "starved");
    t.diagnostic(`${asked} requests, ${reports.length} reports, ${starved.length} of them starved`);
    assert.deepEqual(blamed, []);
    assert.ok(starved.every(({ culprits }) => culprits.length === 0));

    const before = reports.length;
    while (!reports.slice(before).some(({ culprits: [first] }) => first?.operation === "GET /guilty"))
      await client.ask("/guilty");
  });
