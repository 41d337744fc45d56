import assert from "node:assert/strict";
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
});

/** What is said of a module, where, and how it is mended. */
const cases: Readonly<Record<string, readonly [what: RegExp, at: string | undefined, fix: RegExp]>> = {
  "enum.ts": [
    /TypeScript enum is not supported/,
    "enum.ts:3:8",
    /write an object: .*"TypeScript" in docs\/start\.md/,
  ],
  "imports-enum.ts": [/TypeScript enum/, "enum.ts:3:8", /write an object/],
  "decorator.ts": [
    /has a decorator/,
    "decorator.ts:3:3",
    /call the decorator.*"TypeScript" in docs\/start\.md/,
  ],
  "imports-decorator.ts": [/has a decorator/, "decorator.ts:3:3", /call the decorator/],
  "property.ts": [/TypeScript parameter property/, "property.ts:1:51", /assign it in the constructor/],
  "namespace.ts": [/TypeScript namespace/, "namespace.ts:1:8", /make it a module/],
  "unfinished.ts": [/SyntaxError/, "unfinished.ts:1:18", /correct the code there/],
  "unfinished.js": [/Unexpected number|SyntaxError/, "unfinished.js:1:18", /correct the code there/],
  "imports-type.ts": [/named 'Item'/, "imports-type.ts:1:16", /^ {2}fix write "type Item" if it is a type/],
  "json.ts": [/it threw SyntaxError/, undefined, /that the stack below shows/],
};

for (const [name, [what, at, fix]] of Object.entries(cases))
  test(`offloop run names the line that Node cannot read, and what to write: ${name}`, async () => {
    const { code, output } = await offloop("run", folder.path(name), "--port", "0").ended();
    assert.equal(code, 1);
    const { msg } = JSON.parse(output) as { readonly msg: string };
    const [said = "", ...rest] = msg.split("\n");
    assert.match(said, new RegExp(`^OFFLOOP_MODULE_FAILED: Cannot load ".*${name.replace(".", "\\.")}": `));
    assert.match(said, what);
    if (at !== undefined) assert.equal(rest.shift(), `  at ${folder.path(at)}`);
    assert.match(rest[0] ?? "", /^ {2}fix /);
    assert.match(rest[0] ?? "", fix);
    assert.doesNotMatch(output, /ExperimentalWarning/);
  });
