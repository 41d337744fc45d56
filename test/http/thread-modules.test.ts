import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "../../scripts/finding.ts";

const program = `
import { registerHooks } from "node:module";
registerHooks({
  load: (url, context, next) => {
    console.log(url);
    return next(url, context);
  },
});
// What a thread runs finds no thread around it and fails; by then it is loaded.
await import(process.argv[1]).catch(() => undefined);
process.exit();
`;

/** Every file that Node loads with one file of src, as paths below the repository. */
function loadedWith(entry: string): string[] {
  const root = pathToFileURL(`${repositoryRoot}/`).href;
  const args = ["--conditions=offloop:source", "--input-type=module", "--eval", program, root + entry];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return stdout.split("\n").flatMap((url) => (url.startsWith(root) ? [url.slice(root.length)] : []));
}

for (const entry of ["src/index.ts", "src/security.ts", "src/threads/inside/entry.ts"]) {
  test(`${entry}, which threads load, brings neither the web server nor the documentation`, () => {
    const loaded = loadedWith(entry);
    assert.ok(loaded.includes(entry) && loaded.includes("src/errors/offloop-error.ts"), loaded.join("\n"));
    const heavy = loaded.filter((name) =>
      /^src\/(openapi|cli|inspector)\/|^node_modules\/fastify\/|\/http\/server/.test(name),
    );
    assert.deepEqual(heavy, []);
  });
}
