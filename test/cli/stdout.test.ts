import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { appFolder } from "../fixtures/app-folder.ts";

const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

function run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ["--conditions=offloop:source", cli, ...args]);
}

test("a command that prints data leaves stdout to it: what the app writes goes to stderr", async () => {
  const folder = appFolder({});
  folder.write(
    "app.ts",
    `import { App } from "offloop";
console.log("noise while it loads");
process.stdout.write("noise past console\\n");
const app = new App({ jobs: { dir: ${JSON.stringify(folder.path("jobs"))} } });
app.task("later", { durable: true }, async () => {});
app.get("/", async () => 1);
export default app;
`,
  );
  const module = folder.path("app.ts");
  const commands = [
    ["openapi", module],
    ["routes", module, "--json"],
    ["jobs", module, "list", "--json"],
  ];
  for (const args of commands) {
    const { stdout, stderr } = await run(...args);
    assert.doesNotThrow(() => JSON.parse(stdout), `${args[0]} printed ${stdout.slice(0, 200)}`);
    assert.match(stderr, /noise while it loads\n(.*\n)?noise past console/);
  }
  assert.doesNotMatch((await run("jobs", module, "schema")).stdout, /noise/);
});
