import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ESLint, type Linter } from "eslint";
import { builtinRules } from "eslint/use-at-your-own-risk";
import { ESLint as ESLint9 } from "eslint9";
import offloop from "offloop/eslint";
import { expectedFindings } from "../guard/expected-findings.ts";

const file = fileURLToPath(new URL("../guard/guarded-app.ts", import.meta.url));
const source = readFileSync(file, "utf8");
const plain = stripTypeScriptTypes(source);
const ruleOf: Record<string, string> = { refused: "state", told: "promise" };

async function lint(Engine: typeof ESLint, code: string): Promise<Linter.LintMessage[]> {
  const engine = new Engine({ overrideConfigFile: true, overrideConfig: [offloop.configs.recommended] });
  const [result] = await engine.lintText(code, { filePath: "app.js" });
  return result?.messages ?? [];
}

for (const [name, Engine] of Object.entries({ ESLint, ESLint9: ESLint9 as unknown as typeof ESLint })) {
  test(`offloop/eslint in ${name} finds what the guard finds`, async () => {
    const messages = await lint(Engine, plain);
    const expected = expectedFindings(source);
    assert.deepEqual(
      [...new Set(messages.map(({ line }) => line))].sort(),
      expected.map(({ line }) => line).sort(),
    );
    for (const { line, severity, does } of expected) {
      const found = messages.find((message) => message.line === line);
      assert.ok(found?.message.includes(does), `${line}: ${does}`);
      if (severity in ruleOf) assert.equal(found?.ruleId, `offloop/${ruleOf[severity]}`);
    }
  });
}

for (const [name, Engine] of Object.entries({ ESLint, ESLint9: ESLint9 as unknown as typeof ESLint }))
  test(`recommended turns off in ${name} what would move a function to a thread: require-await, of any plugin`, async () => {
    const code = 'import { App } from "offloop"; const app = new App(); app.get("/", async () => "well");';
    const asked = { rules: { "require-await": "error" } } satisfies Linter.Config;
    const typed = {
      plugins: { "@typescript-eslint": { rules: { "require-await": builtinRules.get("require-await") } } },
      rules: { "@typescript-eslint/require-await": "error" },
    } as Linter.Config;
    const { recommended } = offloop.configs;
    const found = async (...configs: Linter.Config[]): Promise<unknown[]> => {
      const engine = new Engine({ overrideConfigFile: true, overrideConfig: configs });
      const [result] = await engine.lintText(code, { filePath: "app.js" });
      return result?.messages.map(({ ruleId }) => ruleId) ?? [];
    };
    assert.deepEqual(await found(asked, typed), ["require-await", "@typescript-eslint/require-await"]);
    assert.deepEqual(await found(asked, typed, recommended), []);
    assert.deepEqual(await found(asked, recommended), [], "without the plugin");
  });

test("offloop/eslint leaves files alone that do not use offloop", async () => {
  const other = plain.replace('from "offloop"', 'from "express"');
  assert.deepEqual(await lint(ESLint, other), []);
});

test("offloop/eslint looks at files that require offloop, too", async () => {
  const code = `const { readFileSync } = require("node:fs");
const { App } = require("offloop");
new App().get("/", async () => readFileSync("a"));`;
  assert.deepEqual(
    (await lint(ESLint, code)).map(({ line, ruleId }) => [line, ruleId]),
    [[3, "offloop/blocking"]],
  );
});

test("offloop/eslint follows a handler that is declared above and named", async () => {
  const code = `import { app } from "offloop"; let hits = 0;
function count() { hits++; }
app.get("/", count);`;
  assert.deepEqual(
    (await lint(ESLint, code)).map(({ line, ruleId }) => [line, ruleId]),
    [[2, "offloop/state"]],
  );
});

test("offloop/eslint works as a JS plugin of oxlint, in TypeScript", async () => {
  const folder = mkdtempSync(join(tmpdir(), "offloop-oxlint-"));
  const plugin = new URL("../../src/eslint/index.ts", import.meta.url);
  writeFileSync(join(folder, "app.ts"), source);
  writeFileSync(
    join(folder, "plugin.ts"),
    `export { default } from ${JSON.stringify(pathToFileURL(fileURLToPath(plugin)).href)};`,
  );
  writeFileSync(
    join(folder, ".oxlintrc.json"),
    JSON.stringify({
      jsPlugins: ["./plugin.ts"],
      categories: { correctness: "off" },
      rules: { "offloop/state": "error", "offloop/blocking": "error", "offloop/promise": "error" },
    }),
  );
  const oxlint = fileURLToPath(new URL("../../node_modules/.bin/oxlint", import.meta.url));
  const run = promisify(execFile)(oxlint, ["--format=json", "app.ts"], { cwd: folder });
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  rmSync(folder, { recursive: true });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { labels: { span: { line: number } }[] }[] };
  const lines = diagnostics.map(({ labels }) => labels[0]?.span.line);
  assert.deepEqual(
    [...new Set(lines)].sort(),
    expectedFindings(source)
      .map(({ line }) => line)
      .sort(),
  );
});
