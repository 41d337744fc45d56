import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
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
  await run("jobs", module, "drain"); // makes the folder of the jobs, which the others use as it is
  for (const args of commands) {
    const { stdout, stderr } = await run(...args);
    assert.doesNotThrow(() => JSON.parse(stdout), `${args[0]} printed ${stdout.slice(0, 200)}`);
    assert.match(stderr, /noise while it loads\n(.*\n)?noise past console/);
  }
  assert.doesNotMatch((await run("jobs", module, "schema")).stdout, /noise/);
});

/** An app that keeps its process alive from when its module is loaded, as a pool of connections does. */
const keepsAlive = `import { App } from "offloop";
setInterval(() => {}, 1_000);
const app = new App({ jobs: { dir: DIR } });
app.task("later", { durable: true }, async () => {});
app.get("/", async () => 1);
export default app;
`;
const reading = [
  ["openapi"],
  ["routes"],
  ["jobs", "list"],
  ["jobs", "count"],
  ["jobs", "schema"],
  ["jobs", "drain"],
];

for (const [command = "", ...action] of reading)
  test(`offloop ${[command, ...action].join(" ")}: ends when it has printed, and says what it could not print`, async () => {
    const folder = appFolder({});
    folder.write("app.ts", keepsAlive.replace("DIR", JSON.stringify(folder.path("jobs"))));
    if (command === "jobs") await run("jobs", folder.path("app.ts"), "drain");
    const args = [command, folder.path("app.ts"), ...action];
    assert.notEqual((await run(...args)).stdout, "");
    const inShell = (redirection: string) =>
      spawnSync(
        "sh",
        ["-c", `"$0" "$@" ${redirection}`, process.execPath, "--conditions=offloop:source", cli, ...args],
        { encoding: "utf8" },
      );
    if (existsSync("/dev/full")) {
      const { status, stderr } = inShell("> /dev/full");
      assert.equal(status, 1);
      assert.match(stderr, /^cannot print: ENOSPC.*\n$/);
    }
    const { stderr } = inShell("| true");
    assert.equal(stderr, "");
  });
