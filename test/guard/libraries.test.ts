import assert from "node:assert/strict";
import { test } from "node:test";
import { findDeclarations } from "../../src/guard/declaration.ts";
import { ModuleCode } from "../../src/guard/module-code.ts";
import { checkFunction, sentence } from "../../src/guard/rules.ts";

/** What the guard says of a module's declarations, none of which has to be installed for that. */
function findingsIn(source: string): string[] {
  const code = `import { App } from "offloop";\nconst app = new App();\n${source}`;
  const module = ModuleCode.parse(code);
  assert.ok(module, code);
  return findDeclarations(module.program, module.scopes).flatMap((declared) =>
    checkFunction(declared, module.scopes).map((offence) =>
      sentence(declared.subject, declared.lane, offence),
    ),
  );
}

/** What an async function that runs these statements is found to block by. */
function blockingIn(imports: string, statement: string): string[] {
  return findingsIn(`${imports}\napp.get("/", async () => { ${statement} });`).map((text) =>
    text.replace("GET / blocks the event loop: it calls ", ""),
  );
}

for (const name of ["fs", "crypto", "zlib", "child_process"] as const) {
  const synchronous = Object.keys(process.getBuiltinModule(`node:${name}`)).filter((key) =>
    /Sync$/.test(key),
  );
  test(`the guard knows the ${synchronous.length} synchronous functions of node:${name}, however they are imported`, () => {
    for (const fn of synchronous) {
      assert.deepEqual(blockingIn(`import { ${fn} as own } from "node:${name}";`, "own();"), ["own"], fn);
      assert.deepEqual(blockingIn(`import * as all from "${name}";`, `all.${fn}();`), [`all.${fn}`], fn);
      assert.deepEqual(
        blockingIn(`import all from "node:${name}";`, `const { ${fn}: own } = all; own();`),
        ["own"],
        fn,
      );
      assert.deepEqual(blockingIn(`const { ${fn} } = require("${name}");`, `await ${fn}();`), [fn], fn);
      assert.deepEqual(blockingIn("", `(await import("node:${name}")).${fn}();`), [fn], fn);
      assert.deepEqual(blockingIn("", `process.getBuiltinModule("${name}").${fn}();`), [fn], fn);
    }
  });
}

test("the guard names what to await in place of a task's enqueueSync and an uploaded file's readSync", () => {
  const fixOf = (statement: string): string | undefined => {
    const module = ModuleCode.parse(
      `import { App } from "offloop"; import fs from "node:fs"; import { mail } from "./tasks.ts";
      const app = new App(); const own = app.task("own", { durable: true }, () => 1);
      app.post("/", async ({ form }) => { ${statement} });`,
    );
    assert.ok(module);
    const declared = findDeclarations(module.program, module.scopes);
    return declared.flatMap((one) => checkFunction(one, module.scopes))[0]?.fix;
  };
  const plain = "make the function plain, so that it runs on a thread";
  const enqueue = `await enqueue(...), or ${plain}`;
  assert.equal(fixOf("own.enqueueSync(1);"), enqueue);
  assert.equal(fixOf('own.with({ key: "a" }).enqueueSync(1);'), enqueue);
  assert.equal(fixOf("mail.enqueueSync(1);"), enqueue);
  assert.equal(fixOf("form.file.readSync();"), `await file.bytes(), or ${plain}`);
  assert.match(fixOf("fs.readSync(1, form.bytes);") ?? "", /await a call that does not block/);
  assert.match(fixOf("form.store.loadSync();") ?? "", /await a call that does not block/);
});

test("the guard knows what libraries make synchronous, and the sync of a package", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'import { createSyncFn } from "synckit"; const query = createSyncFn("./worker.js");',
      "query(1);",
      "query, which synckit makes synchronous",
    ],
    [
      'import makeSynchronous from "make-synchronous"; const get = makeSynchronous(async () => 1);',
      "get();",
      "get, which make-synchronous makes synchronous",
    ],
    ['import fetch from "sync-fetch";', 'fetch("http://a");', "fetch, which sync-fetch makes synchronous"],
    [
      'import request from "sync-request";',
      'request("GET", "/");',
      "request, which sync-request makes synchronous",
    ],
    ['import { execaSync } from "execa";', 'execaSync("ls");', "execaSync"],
    ['import execa from "execa";', 'execa.sync("ls");', "execa.sync"],
    ['import { $ } from "execa";', "$.sync`ls`;", "$.sync"],
    ['import glob from "fast-glob";', 'glob.sync("*");', "glob.sync"],
    ['import { querySync as query } from "./database.js";', "query();", "query"],
    [
      'import Database from "better-sqlite3"; const db = new Database("a.db");',
      'db.prepare("SELECT 1").get();',
      "get of a SQLite statement",
    ],
    [
      'import Database from "better-sqlite3"; const db = new Database("a.db"); const save = db.transaction(() => {});',
      "save();",
      "a transaction of better-sqlite3",
    ],
    [
      'import koffi from "koffi"; const lib = koffi.load("libpq.so.5"); const run = lib.func("int PQexec()");',
      "run();",
      "run, which koffi makes synchronous",
    ],
  ];
  for (const [imports, statement, found] of cases)
    assert.deepEqual(blockingIn(imports, statement), [found], statement);
});

test("the guard leaves alone what is asynchronous, native code included", () => {
  for (const [imports, statement] of [
    ['import sharp from "sharp";', 'return sharp("a.png").resize(10).toBuffer();'],
    ['import argon2 from "argon2";', 'return await argon2.hash("a");'],
    ['import { argon2, pbkdf2, scrypt } from "node:crypto";', 'scrypt("a", "b", 8, () => {});'],
    ['import { execa } from "execa";', 'await execa("ls");'],
    ['import { db } from "./db.js";', "await db.sync();"],
    ['import { calendar } from "./calendar.js";', "await calendar.startSync();"],
    ["function loadSync() { return 1; }", "return loadSync();"],
    ['import pg from "pg"; const pool = new pg.Pool();', 'return (await pool.query("SELECT 1")).rows;'],
    ['import pg from "pg"; const pool = new pg.Pool();', 'pool.query("SELECT 1", (error) => {});'],
    ['import pg from "pg"; const pool = new pg.Pool();', 'void pool.query("SELECT 1");'],
    [
      'import pg from "pg"; const pool = new pg.Pool();',
      'const a = pool.query("SELECT 1"); return (await a).rows;',
    ],
    [
      'import pg from "pg"; const pool = new pg.Pool();',
      'const a = pool.query("SELECT 1"); const b = await Promise.all([a]); return b[0].rows;',
    ],
    ["", 'return await Promise.all([fetch("http://a"), fetch("http://b")]);'],
    ["", 'fetch("http://a").catch(() => {});'],
    [
      'import { backup, DatabaseSync } from "node:sqlite"; const db = new DatabaseSync("a");',
      'await backup(db, "b");',
    ],
    ['import { readFile } from "node:fs/promises";', 'return readFile("a");'],
  ] as const)
    assert.deepEqual(blockingIn(imports, statement), [], statement);
});

test("the guard names an asynchronous driver in a plain function", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'import { Pool } from "pg"; const pool = new Pool();',
      '() => pool.query("SELECT 1")',
      "GET / returns the promise of pool.query() (pg is asynchronous), but is not declared async: it runs on a thread",
    ],
    [
      'import postgres from "postgres"; const sql = postgres();',
      "() => sql`SELECT 1`",
      "GET / returns the promise of sql() (postgres is asynchronous), but is not declared async: it runs on a thread",
    ],
    [
      'import { backup, DatabaseSync } from "node:sqlite"; const db = new DatabaseSync("a");',
      '() => backup(db, "b")',
      "GET / returns the promise of backup() (sqlite is asynchronous), but is not declared async: it runs on a thread",
    ],
    [
      'import { readFile } from "node:fs/promises";',
      '() => { return readFile("a"); }',
      "GET / returns the promise of readFile() (fs/promises is asynchronous), but is not declared async: it runs on a thread",
    ],
    [
      'import { S3Client } from "@aws-sdk/client-s3"; const s3 = new S3Client();',
      "() => s3.send(1)",
      "GET / returns the promise of s3.send() (@aws-sdk/client-s3 is asynchronous), but is not declared async: it runs on a thread",
    ],
  ];
  for (const [imports, fn, said] of cases)
    assert.deepEqual(findingsIn(`${imports}\napp.get("/", ${fn});`), [said]);
});

test("the guard names an await that was forgotten, in async and in plain functions", () => {
  const pool = 'import mysql from "mysql2/promise"; const pool = mysql.createPool("mysql://db/shop");\n';
  const of = "the promise of pool.query() (mysql2/promise is asynchronous)";
  const cases: readonly (readonly [string, string])[] = [
    [
      "async () => { pool.query('DELETE FROM a'); }",
      `${of}: nothing waits for it, and nobody sees its failure`,
    ],
    ["() => { pool.query('DELETE FROM a'); }", `${of}: nothing waits for it, and nobody sees its failure`],
    [
      "async () => { const [rows] = pool.query('SELECT 1'); return rows; }",
      `${of}: "0" of a promise is undefined`,
    ],
    [
      "() => { const { rows } = pool.query('SELECT 1'); return rows; }",
      `${of}: "rows" of a promise is undefined`,
    ],
    [
      "() => { const all = pool.query('SELECT 1'); return all.rows; }",
      `${of}: "rows" of a promise is undefined`,
    ],
    ["() => ({ a: [pool.query('SELECT 1')] })", `${of}: a promise cannot be a part of the result`],
    [
      "async () => { return { a: pool.query('SELECT 1') }; }",
      `${of}: a promise cannot be a part of the result`,
    ],
    ["() => pool.query('SELECT 1').rows", `${of}: "rows" of a promise is undefined`],
  ];
  for (const [fn, said] of cases)
    assert.deepEqual(findingsIn(`${pool}app.get("/", ${fn});`), [`GET / does not await ${said}`]);
  assert.deepEqual(
    findingsIn(
      "async function save() {}\nfunction note() { save(); }\napp.get('/', async () => { note(); });",
    ),
    [
      "GET / calls note, which does not await the promise of an async function: nothing waits for it, and nobody sees its failure",
    ],
  );
});

test("the guard names what only a lifespan of the main thread opens, where a thread reads it", () => {
  const said =
    'GET / runs on a thread and reads "db", which only a lifespan on the main thread opens, and each thread has its own copy';
  const opened = (lifespan: string, declared = "let db;"): string =>
    `import { Pool } from "pg";\n${declared}\n${lifespan}\napp.get("/", () => db.length);\napp.get("/loop", async () => db.length);`;
  for (const source of [
    opened("app.lifespan(async function* () { db = new Pool(); yield; await db.end(); });"),
    opened("async function* open() { db = new Pool(); yield; }\napp.lifespan(open);"),
    opened(
      "app.lifespan(async function* () { db = new Pool(); yield; db = undefined; });",
      "let db = undefined;",
    ),
    opened("app.lifespan(async function* () { db.push(new Pool()); yield; });", "const db = [];"),
  ])
    assert.deepEqual(findingsIn(source), [said], source);
  for (const source of [
    opened("app.lifespan({ perThread: true }, async function* () { db = new Pool(); yield; });"),
    opened("app.lifespan(async function* () { yield; });", "const db = new Pool();"),
    opened("db = new Pool();"),
    opened(
      "async function* open() { db = new Pool(); yield; }\napp.lifespan(open);\nexport { open };\ndb = 1;",
    ),
  ])
    assert.deepEqual(findingsIn(source), [], source);
});
