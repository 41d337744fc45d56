import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { checkImports } from "../../scripts/check-imports.ts";
import { writeTree } from "./fixture-tree.ts";

/** The rules that refuse something in a tree, each with the import: "rule: from -> to". */
async function refusals(t: TestContext, files: Readonly<Record<string, string>>): Promise<string[]> {
  const text = await checkImports(writeTree(t, files));
  return [...text.matchAll(/^(.+)\n {2}(.+); fix: /gm)].map(([, chain, rule]) => `${rule}: ${chain}`).sort();
}

const pool = { "src/threads/pool.ts": "export type Pool = 1;\nexport const pool: Pool = 1;" };

test("checkImports passes imports that follow the table", async (t) => {
  const found = await checkImports(
    writeTree(t, {
      ...pool,
      "src/index.ts": `export { App } from "./app/app.ts";\nexport * from "./http/open-app.ts";`,
      "src/errors/codes.ts": "export const codes = [];",
      "src/schema/schema.ts": `import { codes } from "../errors/codes.ts";\nexport const schema = codes;`,
      "src/app/app.ts": `import { schema } from "../schema/schema.ts";\nexport const App = schema;`,
      "src/lanes/lanes.ts": `import { Worker } from "node:worker_threads";\nexport * from "../threads/pool.ts";\nexport type W = Worker;`,
      "src/watch/watch.ts": "export const watch = 1;",
      "src/http/open-app.ts": `import { fastify } from "fastify";\nimport "../lanes/lanes.ts";\nimport "../watch/watch.ts";\nexport { fastify };`,
      "src/jobs/job.ts": `import { z } from "zod";\nimport type { W } from "../lanes/lanes.ts";\nexport const job: W | typeof z = z;`,
      "src/testing/client.ts": `export { fastify } from "../http/open-app.ts";`,
      "src/cli/main.ts": `import pack from "../../package.json" with { type: "json" };\nimport "../jobs/job.ts";\nexport { pack };`,
    }),
  );
  assert.equal(found, "");
});

test("checkImports names an import against the table, types included, and the fix", async (t) => {
  const found = await checkImports(
    writeTree(t, {
      ...pool,
      "src/app/app.ts": `import type { Pool } from "../threads/pool.ts";\nexport type App = Pool;`,
    }),
  );
  assert.match(
    found,
    /^src\/app\/app\.ts -> src\/threads\/pool\.ts\n {2}app imports schema, errors, type channels; fix: pass it in/,
  );
});

test("checkImports sees every way to import", async (t) => {
  const ways = {
    "re-export": `export { a } from "../app/a.ts";`,
    star: `export * from "../app/a.ts";`,
    dynamic: `export const late = import("../app/a.ts");`,
    quoted: "export const late = import(`../app/a.ts`);",
    "type-import": `export type A = import("../app/a.ts").A;`,
    "side-effect": `import "../app/a.ts";`,
  };
  const files = Object.entries(ways).map(([name, text]) => [`src/errors/${name}.ts`, text] as const);
  const found = await refusals(t, {
    ...Object.fromEntries(files),
    "src/errors/none.ts": `// import "../app/a.ts"\nexport const text = 'import "../app/a.ts"';`,
    "src/app/a.ts": "export const a = 1;\nexport type A = 1;",
  });
  assert.deepEqual(found, files.map(([file]) => `errors imports nothing: ${file} -> src/app/a.ts`).sort());
});

test("checkImports lets a room that may import types import no values, not even next to a type", async (t) => {
  const found = await refusals(t, {
    "src/lanes/lane.ts": "export type Lane = 1;\nexport const lane: Lane = 1;",
    "src/jobs/types.ts": `import type { Lane } from "../lanes/lane.ts";\nexport type Job = Lane;`,
    "src/jobs/value.ts": `import { lane } from "../lanes/lane.ts";\nexport const job = lane;`,
    "src/jobs/both.ts": `import type { Lane } from "../lanes/lane.ts";\nimport { lane } from "../lanes/lane.ts";\nexport const job: Lane = lane;`,
    "src/jobs/mixed.ts": `import { lane, type Lane } from "../lanes/lane.ts";\nexport const job: Lane = lane;`,
  });
  assert.deepEqual(
    found,
    ["both", "mixed", "value"].map(
      (file) => `jobs imports only types of lanes: src/jobs/${file}.ts -> src/lanes/lane.ts`,
    ),
  );
});

test("checkImports lets only the composition of http name a plug-in, and no plug-in name the path", async (t) => {
  const found = await refusals(t, {
    "src/jobs/job.ts": `export const job = 1;`,
    "src/jobs/route.ts": `import type { serve } from "../http/open-app.ts";\nexport type S = typeof serve;`,
    "src/http/open-app.ts": `import { job } from "../jobs/job.ts";\nexport const serve = job;`,
    "src/http/reply.ts": `import { job } from "../jobs/job.ts";\nexport const reply = job;`,
  });
  assert.equal(found.length, 2);
  assert.match(found[0] ?? "", /^http imports .*: src\/http\/reply\.ts -> src\/jobs\/job\.ts$/);
  assert.match(found[1] ?? "", /^jobs imports .*: src\/jobs\/route\.ts -> src\/http\/open-app\.ts$/);
});

test("checkImports refuses the entry points, cli and the package's own name everywhere", async (t) => {
  const found = (
    await refusals(t, {
      "src/index.ts": `export * from "./cli/main.ts";`,
      "src/cli/main.ts": `export {};`,
      "src/cli/dev.ts": `import "./main.ts";\nimport "../security.ts";`,
      "src/security.ts": "export {};",
      "src/testing/client.ts": `import "offloop";`,
    })
  ).join("\n");
  assert.match(found, /^nobody imports an entry point: src\/cli\/dev\.ts -> src\/security\.ts$/m);
  assert.match(found, /^nobody imports an entry point: src\/testing\/client\.ts -> src\/index\.ts$/m);
  assert.match(found, /^only cli imports cli: src\/index\.ts -> src\/cli\/main\.ts$/m);
  assert.doesNotMatch(found, /dev\.ts -> src\/cli\/main\.ts/);
});

test("checkImports prints the chain of a cycle, type imports included", async (t) => {
  const found = await checkImports(
    writeTree(t, {
      "src/app/app.ts": `import { router } from "./router.ts";\nexport const app = router;`,
      "src/app/router.ts": `import type { Path } from "./path.ts";\nexport const router: Path = 1;`,
      "src/app/path.ts": `import type { app } from "./app.ts";\nexport type Path = typeof app;`,
      "src/app/alone.ts": `import { app } from "./app.ts";\nexport { app };`,
    }),
  );
  const ring = ["app", "router", "path", "app"].map((name) => `src/app/${name}.ts`).join(" -> ");
  assert.equal(
    found,
    `${ring}\n  no cycle; fix: move what two of them share into a file that imports neither`,
  );
});

test("checkImports keeps fastify in http and refuses packages that an install would lack", async (t) => {
  const found = await refusals(t, {
    "src/app/plugin.ts": `import type { FastifyPluginAsync } from "fastify";\nexport type P = FastifyPluginAsync;`,
    "src/app/server.ts": `import "fastify";`,
    "src/lanes/plugin.ts": `import type { FastifyPluginAsync } from "fastify";\nexport type P = FastifyPluginAsync;`,
    "src/operation/run.ts": `import "@scope/name/part.js";\nimport "node:fs";\nimport "yaml";`,
  });
  assert.equal(found.length, 4, found.join("\n"));
  assert.match(found[0] ?? "", /^fastify stays in http.*: src\/app\/server\.ts -> /);
  assert.match(found[1] ?? "", /^fastify stays in http.*: src\/lanes\/plugin\.ts -> /);
  assert.match(found[2] ?? "", /^only packages that an install has: .* -> @scope\/name\/part\.js$/);
  assert.match(found[3] ?? "", /^only packages that an install has: .* -> node_modules\/yaml\//);
});

test("checkImports keeps imports inside src and refuses a file named after a drawer", async (t) => {
  const found = await refusals(t, {
    "src/app/app.ts": `import "../../bench/load.ts";\nimport "./route-helpers.ts";\nimport "./library.ts";`,
    "src/app/route-helpers.ts": "export {};",
    "src/app/library.ts": "export {};",
    "bench/load.ts": "export {};",
  });
  assert.deepEqual(found, [
    "no drawers: src/app/app.ts -> src/app/route-helpers.ts",
    "nothing from outside src: src/app/app.ts -> bench/load.ts",
  ]);
});

test("checkImports fails where it has read nothing, and for a folder that the table does not have", async (t) => {
  assert.match(await checkImports(writeTree(t, { "src/page.html": "" })), /src has no \.ts file/);
  assert.match(
    await checkImports(writeTree(t, { "src/app/app.ts": "export {};" })),
    /none was found in 1 file/,
  );
  const found = await checkImports(
    writeTree(t, { "src/mail/send.ts": "export {};", "src/index.ts": `import "./mail/send.ts";` }),
  );
  assert.match(found, /Cannot tell what src\/mail\/send\.ts may import: add its folder/);
});
