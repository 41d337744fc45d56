import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { olderNode } from "./fixtures/older-node.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  exports: Record<string, string | Record<string, string>>;
};

test("the built package serves an app on both lanes, without type stripping or conditions", async () => {
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
  const app = fileURLToPath(new URL("./fixtures/apps/shutdown.ts", import.meta.url));
  const child = spawn(process.execPath, ["dist/cli/main.js", "run", app, "--port", "0"], { cwd: root });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const url = /listens on (http:\S+?)"/.exec(line)?.[1];
    if (url === undefined) continue;
    assert.equal(await (await fetch(`${url}/`)).json(), "ok");
    assert.equal(await (await fetch(`${url}/request/1`)).json(), "finished");
    break;
  }
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

test("the built command line says in an older Node which one it needs", (t) => {
  const node = olderNode();
  if (node === undefined) return t.skip("this machine has no older Node");
  const { status, stderr } = spawnSync(node, ["dist/cli/main.js", "routes", "app.ts"], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^OFFLOOP_NODE_OUTDATED: Cannot run on Node \d[\d.]+: offloop needs Node 24\.12 or later\n/,
  );
});

test("the built package has the inspector's page, every file that it loads, and no type left in it", async () => {
  const { listPageFiles } = (await import(new URL("../dist/inspector/files.js", import.meta.url).href)) as {
    listPageFiles(): { name: string; make(): Promise<string> }[];
  };
  const files = new Map(listPageFiles().map((file) => [file.name, file]));
  const loaded = [...((await files.get("page.html")?.make()) ?? "").matchAll(/"_offloop\/([^"]+)"/g)];
  assert.ok(loaded.some(([, name]) => name === "main.js"));
  for (const [, name = ""] of loaded) assert.ok(files.has(name), name);
  for (const { name, make } of files.values())
    for (const [, imported = ""] of (await make()).matchAll(/^import .* from "\.\/([^"]+)"/gm))
      assert.ok(imported.endsWith(".js") && files.has(imported), `${name} imports ${imported}`);
});

test("package.json exports point at files that the build makes from files that exist", () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue;
    const { "offloop:source": source = "", default: built = "", types = "" } = target;
    assert.match(source, /^\.\/src\/.*\.ts$/, name);
    assert.equal(built, source.replace("./src/", "./dist/").replace(/\.ts$/, ".js"), name);
    assert.equal(types, built.replace(/\.js$/, ".d.ts"), name);
    readFileSync(new URL(`../${source}`, import.meta.url));
  }
});
