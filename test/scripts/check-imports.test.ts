import assert from "node:assert/strict";
import { test } from "node:test";
import { checkImports } from "../../scripts/check-imports.ts";
import { runOn } from "./fixture-tree.ts";

test("checkImports passes imports that follow the table", (t) => {
  const findings = runOn(t, checkImports, {
    "src/index.ts": `export { App } from "./app/app.ts";\nexport * from "./http/serve.ts";`,
    "src/errors/offloop-error.ts": "export const codes = [];",
    "src/schema/schema.ts": `import { codes } from "../errors/codes.ts";\nexport const schema = codes;`,
    "src/app/app.ts": `import { schema } from "../schema/schema.ts";\nexport const App = schema;`,
    "src/threads/pool/pool.ts": `import { Worker } from "node:worker_threads";\nexport type Pool = Worker;`,
    "src/lanes/background.ts": `import type { Pool } from "../threads/pool.ts";\nexport type Run = Pool;`,
    "src/http/serve.ts": `import { fastify } from "fastify";\nimport "../background/run.ts";\nexport { fastify };`,
    "src/queue/task.ts": `import { z } from "zod";\nexport const task = z;`,
    "src/testing/client.ts": `export { fastify } from "../http/serve.ts";`,
    "src/cli/main.ts": `import pack from "../../package.json" with { type: "json" };\nimport "../queue/task.ts";`,
  });
  assert.deepEqual(findings, []);
});

test("checkImports names an import against the table, its line and the fix", (t) => {
  const findings = runOn(t, checkImports, {
    "src/app/app.ts": `// first line\nimport type { Pool } from "../threads/pool.ts";\nexport type App = Pool;`,
    "src/threads/pool/pool.ts": "export type Pool = 1;",
  });
  assert.deepEqual(findings, [
    `src/app/app.ts:2 Cannot import "../threads/pool.ts": app may import schema, errors, type channels, not threads\n` +
      "  fix pass it in as an argument, or move the code to a folder that may import threads",
  ]);
});

test("checkImports sees every way to import", (t) => {
  const findings = runOn(t, checkImports, {
    "src/errors/offloop-error.ts": [
      `export { a } from "../app/a.ts";`,
      `export * from "../app/a.ts";`,
      `const late = import("../app/a.ts");`,
      "const quoted = import(`../app/a.ts`);",
      `type A = import("../app/a.ts").A;`,
      `const old = require("../app/a.ts");`,
      `// import "../app/a.ts"`,
      `const text = 'import "../app/a.ts"';`,
    ].join("\n"),
    "src/app/a.ts": "export const a = 1;",
  });
  const lines = findings.map((finding) => finding.split(" ")[0]);
  assert.deepEqual(
    lines,
    [1, 2, 3, 4, 5, 6].map((line) => `src/errors/offloop-error.ts:${line}`),
  );
});

test("checkImports lets background import types alone from threads", (t) => {
  const findings = runOn(t, checkImports, {
    "src/lanes/background.ts": `import { type Pool } from "../threads/pool.ts";\nexport type Run = Pool;`,
    "src/threads/pool/pool.ts": "export type Pool = 1;",
  });
  assert.equal(findings.length, 1);
  assert.match(
    findings[0] ?? "",
    /background may import only types from threads\n {2}fix write "import type"/,
  );
});

test("checkImports refuses index, cli and the package's own name everywhere", (t) => {
  const findings = runOn(t, checkImports, {
    "src/index.ts": `export * from "./cli/main.ts";`,
    "src/cli/main.ts": `import "../index.ts";`,
    "src/cli/dev.ts": `import "./main.ts";`,
    "src/testing/client.ts": `import "offloop";`,
  });
  assert.match(findings.join("\n"), /src\/index\.ts:1 .*nobody imports cli/);
  assert.match(findings.join("\n"), /src\/cli\/main\.ts:1 .*nobody imports index/);
  assert.match(
    findings.join("\n"),
    /src\/testing\/client\.ts:1 Cannot import "offloop": src is that package/,
  );
  assert.doesNotMatch(findings.join("\n"), /dev\.ts/);
});

test("checkImports prints the chain of a cycle, type imports included", (t) => {
  const findings = runOn(t, checkImports, {
    "src/app/app.ts": `export const app = 1;\nimport { router } from "./router.ts";\nexport { router };`,
    "src/app/router.ts": `import type { Path } from "./path.ts";\nexport const router: Path = 1;`,
    "src/app/path.ts": `import { app } from "./app.ts";\nexport type Path = typeof app;`,
    "src/app/alone.ts": `import { app } from "./app.ts";\nexport { app };`,
  });
  assert.deepEqual(findings, [
    "src/app/app.ts:2 Cannot import in a cycle: " +
      "src/app/app.ts:2 -> src/app/router.ts:1 -> src/app/path.ts:1 -> src/app/app.ts\n" +
      "  fix move what two of them share into a file that imports neither",
  ]);
});

test("checkImports keeps fastify in http and refuses packages that an install would lack", (t) => {
  const findings = runOn(t, checkImports, {
    "src/app/app.ts": `import type { FastifyPluginAsync } from "fastify";\nexport type P = FastifyPluginAsync;`,
    "src/operation/run.ts": `import "@scope/name/part.js";\nimport "node:fs";`,
  });
  assert.equal(findings.length, 2);
  assert.match(findings[0] ?? "", /plugin\.ts:1 Cannot import "fastify": only src\/http may, types included/);
  assert.match(
    findings[1] ?? "",
    /run\.ts:1 .*@scope\/name in neither .*\n {2}fix run npm install @scope\/name/,
  );
});

test("checkImports asks for a row for a new folder and keeps imports inside src", (t) => {
  const findings = runOn(t, checkImports, {
    "src/mail/send.ts": "export const send = 1;",
    "src/app/app.ts": `import "../../bench/load.ts";`,
  });
  assert.equal(findings.length, 2);
  assert.match(findings[0] ?? "", /app\.ts:1 .*it is outside src/);
  assert.match(findings[1] ?? "", /src\/mail\/send\.ts:1 .*no row for it\n {2}fix add "mail" to mayImport/);
});
