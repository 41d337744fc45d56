import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { appFolder } from "../fixtures/app-folder.ts";
import { offloop } from "../fixtures/cli.ts";

const folder = appFolder({
  "enum.ts": 'import { App } from "offloop";\n\nexport enum Color { Red }\nexport default new App();\n',
  "imports-enum.ts": 'import "./enum.ts";\n',
  "decorator.ts":
    'import { App } from "offloop";\nclass Items {\n  @log\n  list(): void {}\n}\nexport default new App();\n',
  "imports-decorator.ts": 'export { default } from "./decorator.ts";\n',
  "property.ts": "export class Items { constructor(private readonly of: string) {} }\n",
  "namespace.ts": "export namespace Items { export const all = 1; }\n",
  "unfinished.ts": "const items = [1 2];\n",
  "unfinished.js": "const items = [1 2];\n",
  "types.ts": "export const item = 1;\nexport interface Item { name: string }\n",
  "imports-type.ts":
    'import { item, Item } from "./types.ts";\nexport const one: Item = { name: String(item) };\n',
  "json.ts": 'JSON.parse("{");\n',
  "level.ts": 'enum Level {\n  Low, // the least\n  "High up" = 5,\n  Top,\n}\nenum Other { A = "a" }\n',
  "computed.ts": 'enum Sum { A = "x".length }\n',
  "required.cts": 'import { App } from "offloop";\nexport default new App();\n',
  "data.json": '{"title":"Shop"}',
  "data.ts":
    'import { App } from "offloop";\nimport data from "./data.json";\nexport default new App(data);\n',
  "imports-data.ts": 'export { default } from "./data.ts";\n',
  "alias.ts": 'import "@/lib/price.ts";\n',
  "home.ts": 'import "~/price.ts";\n',
  "scoped.ts": 'import "@shop/price";\n',
  "tsconfig.json": '{ "compilerOptions": { "paths": { "@shop/*": ["./src/*"] /* as in Nest */ } } }',
  "inner.ts": 'import "#lib/price.ts";\n',
  "page.tsx": "export const page = 1;\n",
  "imports-page.ts": 'import { page } from "./page.tsx";\nconsole.log(page);\n',
  "imports-shared.ts": 'import { shared } from "@acme/shared";\nconsole.log(shared);\n',
});
mkdirSync(folder.path("node_modules/@acme/shared"), { recursive: true });
folder.write("node_modules/@acme/shared/package.json", '{ "type": "module", "exports": "./index.ts" }');
folder.write("node_modules/@acme/shared/index.ts", "export const shared: number = 1;\n");

/** What is said of a module, where, and how it is mended. */
const cases: Readonly<Record<string, readonly [what: RegExp, at: string | undefined, fix: RegExp]>> = {
  "enum.ts": [
    /TypeScript enum is not supported/,
    "enum.ts:3:8",
    /write an object: const Color = \{ Red: 0 \} as const; type Color = .*"TypeScript" in node_modules\/offloop\/docs\/start\.md/,
  ],
  "imports-enum.ts": [/TypeScript enum/, "enum.ts:3:8", /write an object/],
  "decorator.ts": [
    /has a decorator/,
    "decorator.ts:3:3",
    /call the decorator.*"TypeScript" in node_modules\/offloop\/docs\/start\.md/,
  ],
  "imports-decorator.ts": [/has a decorator/, "decorator.ts:3:3", /call the decorator/],
  "property.ts": [/TypeScript parameter property/, "property.ts:1:51", /assign it in the constructor/],
  "namespace.ts": [/TypeScript namespace/, "namespace.ts:1:8", /make it a module/],
  "unfinished.ts": [/SyntaxError/, "unfinished.ts:1:18", /correct the code there/],
  "unfinished.js": [/Unexpected number|SyntaxError/, "unfinished.js:1:18", /correct the code there/],
  "imports-type.ts": [/named 'Item'/, "imports-type.ts:1:16", /^ {2}fix write "type Item" if it is a type/],
  "level.ts": [
    /enum/,
    "level.ts:1:1",
    /const Level = \{ Low: 0, "High up": 5, Top: 6 \} as const; type Level/,
  ],
  "computed.ts": [/enum/, "computed.ts:1:1", /write an object: const Color/],
  "required.cts": [
    /import statement outside a module/,
    undefined,
    /run "npm pkg set type=module", .* or write require/,
  ],
  "data.ts": [
    /needs an import attribute/,
    "data.ts:2:18",
    /fix write import data from ".\/data.json" with \{ type: "json" \}$/,
  ],
  "imports-data.ts": [/needs an import attribute/, "data.ts:2:18", /with \{ type: "json" \}$/],
  "alias.ts": [
    /'@\/lib'/,
    "alias.ts:1:8",
    /fix give it a name in "imports" of package.json, as in "#lib\/\*": ".\/src\/lib\/\*", or/,
  ],
  "home.ts": [/'~'/, "home.ts:1:8", /as in "#price": ".\/src\/price.ts", or compile the app/],
  "scoped.ts": [/'@shop\/price'/, "scoped.ts:1:8", /as in "#shop\/\*": ".\/src\/shop\/\*"/],
  "inner.ts": [
    /"#lib\/price.ts" is not defined/,
    "inner.ts:1:8",
    /fix add it to "imports" in package.json, as in "#lib/,
  ],
  "imports-page.ts": [/extension ".tsx"/, "imports-page.ts:1:22", /fix name it .ts if it has no JSX/],
  "imports-shared.ts": [
    /Stripping types is currently unsupported/,
    "imports-shared.ts:1:24",
    /fix compile @acme\/shared to JavaScript, or bundle the app with only offloop external/,
  ],
  "json.ts": [/it threw SyntaxError/, undefined, /that the stack below shows/],
};

for (const [name, [what, at, fix]] of Object.entries(cases))
  test(`offloop run names the line that Node cannot read, and what to write: ${name}`, async () => {
    const { code, output } = await offloop("run", folder.path(name), "--port", "0").ended();
    assert.equal(code, 1);
    const logged = output.split("\n").find((line) => line.includes("OFFLOOP_MODULE_FAILED")) ?? ""; // Node may warn, too
    const { msg } = JSON.parse(logged) as { readonly msg: string };
    const [said = "", ...rest] = msg.split("\n");
    assert.match(said, new RegExp(`^OFFLOOP_MODULE_FAILED: Cannot load ".*${name.replace(".", "\\.")}": `));
    assert.match(said, what);
    if (at !== undefined) assert.equal(rest.shift(), `  at ${folder.path(at)}`);
    assert.match(rest[0] ?? "", /^ {2}fix /);
    assert.match(rest[0] ?? "", fix);
    assert.doesNotMatch(output, /ExperimentalWarning/);
  });
