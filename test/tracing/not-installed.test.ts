import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The package in a folder of its own, where everything is installed but OpenTelemetry. */
async function installWithout(folder: string): Promise<void> {
  const installed = await realpath(join(root, "node_modules"));
  await mkdir(join(folder, "node_modules"));
  await cp(join(root, "src"), join(folder, "src"), { recursive: true });
  await cp(join(root, "package.json"), join(folder, "package.json"));
  for (const name of await readdir(installed))
    if (name !== "@opentelemetry" && name !== "offloop" && !name.startsWith("."))
      await symlink(join(installed, name), join(folder, "node_modules", name));
}

const app = `
import { App, serve } from "offloop";

const app = new App();
const isThere = () => import("@opentelemetry/api").then(() => true, ({ code }) => code);
app.get("/loop", async () => isThere());
app.get("/thread", { runs: "thread" }, async () => isThere());

const server = await serve(app, { port: 0, logLevel: "error" });
for (const lane of ["loop", "thread"])
  console.log(lane, await (await fetch(server.url + "/" + lane)).json());
await server.close();
`;

test("an app is served on both lanes where OpenTelemetry is not installed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "offloop-untraced-"));
  t.after(() => rm(folder, { recursive: true }));
  await installWithout(folder);
  await writeFile(join(folder, "app.ts"), app);
  const child = spawn(process.execPath, ["--conditions=offloop:source", "app.ts"], { cwd: folder });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.equal(errors, "");
  assert.equal(out, "loop ERR_MODULE_NOT_FOUND\nthread ERR_MODULE_NOT_FOUND\n");
});
