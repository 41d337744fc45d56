import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What every mistake below is made with. */
const shared = `import { DatabaseSync } from "node:sqlite";
import { App, depends, settings } from "offloop";
import { override } from "offloop/testing";
import { z } from "zod";

const app = new App();
const Note = z.object({ id: z.int(), words: z.string() });
const db = depends(function* () {
  const opened = new DatabaseSync(":memory:");
  yield opened;
  opened.close();
});
export { app, db, Note, override, settings, z };
`;

/** A mistake that a new user makes, and the first line of what the compiler says to it. */
interface Mistake {
  readonly what: string;
  readonly code: string;
  readonly says: RegExp;
}

const mistakes: readonly Mistake[] = [
  {
    what: "a task that takes its context, without deps",
    code: 'app.task("a", { durable: true }, ({ job }, pages: number) => job?.progress(pages));',
    says: /^Property 'job' does not exist on type 'NeedsDepsOrAType'\.$/,
  },
  {
    what: "a task without options that takes its context",
    code: 'app.task("a", async ({ log }) => log.info("a"));',
    says: /^Property 'log' does not exist on type 'NeedsDepsOrAType'\.$/,
  },
  {
    what: "a task with args that takes its context, without deps",
    code: 'app.task("a", { durable: true, args: [z.int()] }, ({ job }, pages) => job?.progress(pages));',
    says: /is not assignable to parameter of type '"a function of args alone: with deps: \{\} it has its context, too"'\.$/,
  },
  {
    what: "a task with args that takes its context in the place of the first, without deps",
    code: 'app.task("a", { durable: true, args: [z.string()] }, ({ job }) => job?.progress(1));',
    says: /^Property 'job' does not exist on type 'String'\.$/,
  },
  {
    what: "a task whose function takes another type than its args",
    code: 'app.task("a", { durable: true, args: [z.string()] }, (n: number) => n);',
    says: /^Argument of type '\(n: number\) => number' is not assignable to .* args: readonly \[ZodString\]/,
  },
  {
    what: "a task with deps whose function begins with an argument",
    code: 'app.task("a", { durable: true, deps: { db } }, (n: number) => n);',
    says: /^Argument of type '\(n: number\) => number' is not assignable to parameter of type 'FunctionWithContext</,
  },
  {
    what: "a task without a function",
    code: 'app.task("a", { durable: true });',
    says: /does not exist in type 'FunctionToRun'\.$/,
  },
  {
    what: "a task with the result of its function",
    code: 'const count = () => 1;\napp.task("a", { durable: true }, count());',
    says: /^Argument of type 'number' is not assignable to parameter of type 'FunctionWithoutContext</,
  },
  {
    what: "a misspelt option of a task",
    code: 'app.task("a", { durabel: true }, async () => 1);',
    says: /'durabel' does not exist in type .* Did you mean to write 'durable'\?$/,
  },
  {
    what: "a misspelt option of an operation beside others",
    code: 'app.get("/", { deps: { db }, deprected: true, status: 201 }, async () => 1);',
    says: /^Type 'true' is not assignable to type 'boolean & ThereIsNoOption<"deprected">'\.$/,
  },
  {
    what: "an option of a task's jobs beside the others",
    code: 'app.task("a", { durable: true, retries: 3 }, async () => 1);',
    says: /^Type '3' is not assignable to type '3 & ThereIsNoOption<"retries">'\.$/,
  },
  {
    what: "an option that websockets do not have",
    code: 'app.websocket("/", { runs: "loop", timeout: 5 }, { message: async () => {} });',
    says: /^Type '5' is not assignable to type '5 & ThereIsNoOption<"timeout">'\.$/,
  },
  {
    what: "a URL without the values of its path",
    code: 'const read = app.get("/i/:id", { params: { id: z.int() } }, () => 1);\napp.urlFor(read);',
    says: /^Expected 2 arguments, but got 1\.$/,
  },
  {
    what: "a URL with a value of another type",
    code: 'const read = app.get("/i/:id", { params: { id: z.int() } }, () => 1);\napp.urlFor(read, { id: "one" });',
    says: /^Type 'string' is not assignable to type 'number'\.$/,
  },
  {
    what: "an override of another type than its dependency",
    code: 'override(depends(async () => ({ name: "Ada" })), { nam: "Ada" });',
    says: /'nam' does not exist in type 'Dependency<\{ name: string; \}> \| \{ name: string; \}'\.$/,
  },
  {
    what: "an override of a setting that does not exist",
    code: "override(settings({ PORT: z.int() }), { PRT: 1 });",
    says: /'PRT' does not exist in type .* Did you mean to write 'PORT'\?$/,
  },
  {
    what: "a function in place of a dependency",
    code: 'app.task("a", { deps: { db: () => 1 } }, ({ db }) => db);',
    says: /^Type '\(\) => number' is not assignable to type 'Dependency<any>'\.$/,
  },
  {
    what: "a row of node:sqlite that no schema has checked",
    code: 'app.get("/", { deps: { db }, response: Note }, ({ db }) => db.prepare("...").get());',
    says: /^Type 'Record<string, SQLOutputValue> \| undefined' is not assignable to type 'FitsResponse<\{ id: number; words: string; \}>'\.$/,
  },
  {
    what: "rows of node:sqlite that no schema has checked, from a block",
    code: 'app.get("/", { deps: { db }, response: z.array(Note) }, ({ db }) => {\n  return db.prepare("...").all();\n});',
    says: /=> Record<.*>\[\]' is not assignable to parameter of type 'HandlerReturning<\{ id: number; words: string; \}\[\],/,
  },
  {
    what: "a result with a field of another type",
    code: 'app.get("/", { response: Note }, async () => ({ id: "one", words: "tea" }));',
    says: /^Type 'Promise<\{ id: string; words: string; \}>' is not assignable to type 'Promise<\{ id: number; words: string; \}>'\.$/,
  },
  {
    what: "a result with a misspelt field",
    code: 'app.get("/", { response: Note }, () => ({ id: 1, wrods: "tea" }));',
    says: /^Property 'words' is missing in type '\{ id: number; wrods: string; \}' but required in type '\{ id: number; words: string; \}'\.$/,
  },
  {
    what: "a result that has nothing of its schema",
    code: 'app.get("/", { response: z.object({ user: z.string() }) }, () => ({ usr: "Ada" }));',
    says: /^Property 'user' is missing in type '\{ usr: string; \}' but required in type '\{ user: string; \}'\.$/,
  },
  {
    what: "a misspelt field in one of several results",
    code: 'app.get("/", { response: Note }, ({ request }) =>\n  request.url === "/" ? new Response() : { id: 1, wrods: "tea" });',
    says: /^Type 'Response \| \{ id: number; wrods: string; \}' is not assignable to type 'Response \| \{ id: number; words: string; \}'\.$/,
  },
  {
    what: "a handler that returns nothing",
    code: 'app.get("/", { response: Note }, () => {});',
    says: /^Argument of type '\(\) => void' is not assignable to parameter of type 'HandlerReturning<FitsResponse<\{ id: number; words: string; \}>,/,
  },
];

describe("the first line of the compiler's message names the mistake:", () => {
  let folder: string;
  let said: ReadonlyMap<string, string>;
  before(() => {
    // Below the repository, or the code would not find "offloop".
    const artifacts = join(root, "test-artifacts");
    mkdirSync(artifacts, { recursive: true });
    folder = mkdtempSync(join(artifacts, "messages-"));
    said = compile();
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The first line about each mistake, by the name of its file. All are compiled at once, since starting is what takes long. */
  function compile(): ReadonlyMap<string, string> {
    for (const [index, { code }] of mistakes.entries())
      writeFileSync(join(folder, `mistake${index}.ts`), `${shared}${code}\n`);
    const config = { extends: "../../tsconfig.test.json", include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules", ".bin", "tsc");
    const { stdout } = spawnSync(tsc, ["-p", folder, "--pretty", "false"], { encoding: "utf8" });
    const lines = [...stdout.matchAll(/^\S*?(mistake\d+\.ts)\(\d+,\d+\): error \w+: (.*)$/gm)];
    return new Map(lines.reverse().map(([, file = "", text = ""]) => [file, text]));
  }

  for (const [index, { what, says }] of mistakes.entries())
    test(what, () => {
      assert.match(said.get(`mistake${index}.ts`) ?? "it compiles", says);
    });
});
