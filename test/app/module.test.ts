import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

// Inside the repository, so that the app finds offloop.
const folder = mkdtempSync(fileURLToPath(new URL("../.offloop-module-", import.meta.url)));
after(() => rmSync(folder, { recursive: true }));

test("threads load the script that runs, not the source its map names, which a deployment may lack", () => {
  const map = {
    version: 3,
    sources: ["not-there.ts"],
    names: [],
    mappings: "AAAA;AACA;AACA;AACA;AACA;AACA;AACA;AACA",
  };
  const app = join(folder, "app.js");
  writeFileSync(
    app,
    `import { App, serve } from "offloop";
const app = new App({ title: "mapped", watch: false });
app.get("/", () => ({ hello: "thread" }));
const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent" });
console.log(await (await fetch(server.url)).text(), app.location.file.endsWith("not-there.ts"));
await server.close();
//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}
`,
  );
  const options = ["--enable-source-maps", "--conditions=offloop:source", app];
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: "utf8" });
  assert.equal(stdout.trim(), '{"hello":"thread"} true', stderr);
});
