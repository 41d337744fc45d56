import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDocs } from "../../scripts/check-docs.ts";
import { runOn } from "./fixture-tree.ts";

const documented = `
/**
 * Doubles a number.
 *
 * @param value - Any finite number.
 * @returns Twice the number.
 * @example
 * \`\`\`ts
 * import { double } from "offloop";
 *
 * const four: number = double(2);
 * \`\`\`
 */
export function double(value: number): number {
  return value * 2;
}

/** Says how a server listens. */
export interface ServeOptions {
  /** The port, 0-65535. Default 3000. */
  port?: number;
  /** Where threads stand. */
  threads?: {
    /** At most so many. */
    max?: number;
  };
}

/**
 * A server.
 *
 * @example
 * \`\`\`ts
 * import { Server } from "offloop";
 *
 * await new Server({ port: 1 }).stop();
 * \`\`\`
 */
export class Server {
  readonly #options: ServeOptions;
  private count = 0;

  /**
   * Takes a port.
   *
   * @param options - How it listens.
   */
  constructor(options: ServeOptions) {
    this.#options = options;
  }

  /** Stops it. */
  async stop(): Promise<void> {
    this.count += this.#options.port ?? 0;
  }

  /** @internal */
  reset(): void {}
}
`;

/** A tree whose index exports all of src/app/api.ts. */
function withApi(api: string): Record<string, string> {
  return { "src/index.ts": `export * from "./app/api.ts";\n`, "src/app/api.ts": api };
}

const firstLines = (findings: readonly string[]): (string | undefined)[] =>
  findings.map((finding) => finding.split("\n")[0]);

test("checkDocs passes documented names whose examples compile", (t) => {
  const page = '```ts\nimport { double } from "offloop";\ndouble(1);\n```\n```sh\nnpm i\n```\n';
  const findings = runOn(t, checkDocs, { ...withApi(documented), "README.md": page, "docs/start.md": page });
  assert.deepEqual(findings, []);
});

test("checkDocs names what is missing from an undocumented function, class and type", (t) => {
  const findings = runOn(
    t,
    checkDocs,
    withApi(
      [
        "export function serve(): void {}",
        "/** No end of a sentence */",
        "export type Port = number;",
        "/** Adds. */",
        "export const add = (a: number, { b }: { b: number }): number => a + b;",
        "/** A pool. */",
        "export class Pool {",
        "  size = 1;",
        "  constructor(max: number) { this.size = max; }",
        "  #own(): void {}",
        "  run(): void { this.#own(); }",
        "}",
        "function own(): void {}",
        "own();",
      ].join("\n"),
    ),
  );
  assert.deepEqual(firstLines(findings), [
    'src/app/api.ts:1 Cannot publish "serve" without a TSDoc block',
    'src/app/api.ts:3 Cannot publish "Port" without a first sentence',
    'src/app/api.ts:5 Cannot publish "add" without a description of its parameter "a"',
    'src/app/api.ts:5 Cannot publish "add" without a description of its parameter "options"',
    'src/app/api.ts:5 Cannot publish "add" without an example',
    'src/app/api.ts:5 Cannot publish "add.b" without a doc comment',
    'src/app/api.ts:7 Cannot publish "Pool" without an example',
    'src/app/api.ts:8 Cannot publish "Pool.size" without a doc comment',
    'src/app/api.ts:9 Cannot publish "Pool.constructor" without a doc comment',
    'src/app/api.ts:11 Cannot publish "Pool.run" without a doc comment',
  ]);
});

test("checkDocs follows re-exports, renamed ones too, to the file that declares the name", (t) => {
  const findings = runOn(t, checkDocs, {
    "src/index.ts": `import { c } from "./app/c.ts";\nexport { a as first } from "./app/a.ts";\nexport { c };\nexport { z } from "zod";`,
    "src/app/a.ts": `export { b as a } from "./b.ts";`,
    "src/app/b.ts": `\nconst b = 1;\nexport { b };`,
    "src/app/c.ts": "export interface c { m(): void }",
  });
  assert.deepEqual(firstLines(findings), [
    'src/app/b.ts:2 Cannot publish "first" without a TSDoc block',
    'src/app/c.ts:1 Cannot publish "c" without a TSDoc block',
    'src/app/c.ts:1 Cannot publish "c.m" without a doc comment',
  ]);
});

test("checkDocs reads the overloads of a function together and its options types too", (t) => {
  const findings = runOn(
    t,
    checkDocs,
    withApi(
      [
        "interface ServeBase { host?: string }",
        "interface ServeOptions extends ServeBase { port?: number }",
        "/** Serves.",
        " * @param app - The app.",
        " * @example",
        " * ```ts",
        " * export {};",
        " * ```",
        " */",
        "export function serve(app: string): void;",
        "/** Serves with options. */",
        "export function serve(app: string, options: ServeOptions): void;",
        "export function serve(...all: unknown[]): void { void all; }",
      ].join("\n"),
    ),
  );
  assert.deepEqual(firstLines(findings), [
    'src/app/api.ts:1 Cannot publish "ServeBase" without a TSDoc block',
    'src/app/api.ts:1 Cannot publish "ServeBase.host" without a doc comment',
    'src/app/api.ts:2 Cannot publish "ServeOptions" without a TSDoc block',
    'src/app/api.ts:2 Cannot publish "ServeOptions.port" without a doc comment',
    'src/app/api.ts:10 Cannot publish "serve" without a description of its parameter "options"',
  ]);
});

test("checkDocs reports an example that does not compile at its own line", (t) => {
  const findings = runOn(t, checkDocs, {
    ...withApi(documented.replace("const four: number", "const four: string")),
    "README.md": '# A\n\n1. First\n\n   ```ts\n   import { gone } from "offloop";\n   ```\n',
    "docs/start.md": "```ts no-check\nconst x: string = 1;\n```\n\n```ts\nconst y: string = 1;\n```\n",
  });
  assert.equal(findings.length, 3);
  assert.match(
    findings[0] ?? "",
    /^README\.md:6 Cannot compile the example: TS2305: .*no exported member 'gone'/,
  );
  assert.match(findings[1] ?? "", /^docs\/start\.md:6 .*TS2322/);
  assert.match(findings[2] ?? "", /^src\/app\/api\.ts:11 .*TS2322/);
});

test("checkDocs lets the blocks of a page import each other by file name", (t) => {
  const findings = runOn(t, checkDocs, {
    ...withApi(documented),
    "README.md":
      "```ts app.ts\nexport const port = 1;\n```\n\n```ts\nimport { port } from './app.ts';\nport.at;\n```\n",
  });
  assert.equal(findings.length, 1);
  assert.match(findings[0] ?? "", /^README\.md:7 .*Property 'at' does not exist on type '1'/);
});

test("checkDocs checks the example of a name that is not exported", (t) => {
  const findings = runOn(t, checkDocs, {
    "src/index.ts": "export {};",
    "src/app/own.ts": "/** Own.\n * @example\n * ```ts\n * nowhere();\n * ```\n */\nexport const own = 1;",
  });
  assert.equal(findings.length, 1);
  assert.match(findings[0] ?? "", /^src\/app\/own\.ts:4 .*Cannot find name 'nowhere'/);
});

test("checkDocs reports an entry point that is not there", (t) => {
  const findings = runOn(t, checkDocs, { "docs/empty.md": "" });
  assert.deepEqual(firstLines(findings), [
    "package.json:6 Cannot read the entry point src/index.ts: it does not exist",
  ]);
});
