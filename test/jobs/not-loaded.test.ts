import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { command, fixture } from "../fixtures/cli.ts";

const root = new URL("../../", import.meta.url);
const printModules = new URL("../fixtures/print-modules.ts", import.meta.url).href;
const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;

/** What a process loads that serves an app and has answered from a thread: `src/app/app.ts in main`. */
async function loadedBy(app: string, args: readonly string[]): Promise<readonly string[]> {
  const serving = command([...args], ["--conditions=offloop:source", "--import", printModules]);
  after(() => serving.child.kill("SIGKILL"));
  const line = await serving.line(/https?:\/\/(127\.0\.0\.1|localhost):\d+/);
  const url = /https?:\/\/[\w.]+:\d+/.exec(line)?.[0];
  assert.equal((await fetch(`${url}/`)).status, 200);
  assert.ok(
    serving.lines.includes(`loads ${pathToFileURL(app).href} in thread`),
    "the answer is from a thread",
  );
  return serving.lines.flatMap((loaded) =>
    loaded.startsWith(`loads ${root}`) ? [loaded.slice(`loads ${root}`.length)] : [],
  );
}

const isOfJobs = (loaded: string): boolean =>
  /^src\/jobs\/|node_modules\/(pg-boss|pg|croner|@electric-sql)\//.test(loaded);

const served = fixture("self-served.ts");
const cli = fixture("thread-only.ts");
for (const [how, app, args] of [
  ["serve()", served, [served]],
  ["offloop run", cli, [main, "run", cli, "--port", "0"]],
] as const) {
  test(`${how} of an app without durable tasks loads nothing of the jobs, in no thread`, async () => {
    const loaded = await loadedBy(app, args);
    assert.ok(loaded.includes("src/app/app.ts in main") && loaded.includes("src/app/app.ts in thread"));
    assert.deepEqual(loaded.filter(isOfJobs), []);
  });
}
