/** A wrong way to use a database, and the right one. Both answer `GET /`. */
export interface WrongUse {
  readonly name: string;
  /** The module; what is wrong stands on the line that ends in `// here`. */
  readonly wrong: string;
  /** What is said of it. */
  readonly says: RegExp;
  /** What `GET /` answers all the same: 500 where it fails; undefined where the app is refused. */
  readonly status: number | undefined;
  readonly fixed: string;
}

const pool = `import { App, depends } from "offloop";
import pg from "pg";
const app = new App();
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
pool.on("error", () => {});
`;
const end = "\nexport default app;\n";
const one = '"SELECT 1 AS one"';

export const wrongUses: readonly WrongUse[] = [
  {
    name: "an asynchronous driver in a plain function",
    wrong: `${pool}app.get("/", () => pool.query(${one}).then(({ rows }) => rows[0])); // here${end}`,
    says: /^OFFLOOP_GUARD_PROMISE: GET \/ returns the promise of \.then\(\), but is not declared async: it runs on a thread\n.*fix declare it async/s,
    status: 200,
    fixed: `${pool}app.get("/", async () => (await pool.query(${one})).rows[0]);${end}`,
  },
  {
    name: "a forgotten await, and a part of the promise taken",
    wrong: `${pool}app.get("/", async () => {
  const { rows } = pool.query(${one}); // here
  return rows[0];
});${end}`,
    says: /^OFFLOOP_GUARD_PROMISE: GET \/ does not await the promise of pool\.query\(\) \(pg is asynchronous\): "rows" of a promise is undefined\n.*fix write await before it/s,
    status: 500,
    fixed: `${pool}app.get("/", async () => {
  const { rows } = await pool.query(${one});
  return rows[0];
});${end}`,
  },
  {
    name: "a forgotten await, in a plain function",
    wrong: `${pool}app.get("/", () => {
  pool.query(${one}); // here
  return { one: 1 };
});${end}`,
    says: /^OFFLOOP_GUARD_PROMISE: GET \/ does not await the promise of pool\.query\(\) \(pg is asynchronous\): nothing waits for it, and nobody sees its failure\n.*fix declare the function async and write await before it/s,
    status: 200,
    fixed: `${pool}app.get("/", async () => {
  await pool.query(${one});
  return { one: 1 };
});${end}`,
  },
  {
    name: "a promise in the result",
    wrong: `${pool}app.get("/", () => ({ one: pool.query(${one}) })); // here${end}`,
    says: /^OFFLOOP_GUARD_PROMISE: GET \/ does not await the promise of pool\.query\(\) \(pg is asynchronous\): a promise cannot be a part of the result\n/,
    status: 500,
    fixed: `${pool}app.get("/", async () => ({ one: (await pool.query(${one})).rows[0].one }));${end}`,
  },
  {
    name: "a synchronous driver in an async function",
    wrong: `import { DatabaseSync } from "node:sqlite";
import { App } from "offloop";
const app = new App();
const database = new DatabaseSync(":memory:");
app.get("/", async () => database.prepare(${one}).get()); // here${end}`,
    says: /^OFFLOOP_GUARD_BLOCKING: GET \/ blocks the event loop: it calls get of a SQLite statement\n.*fix make the function plain/s,
    status: 200,
    fixed: `import { DatabaseSync } from "node:sqlite";
import { App } from "offloop";
const app = new App();
const database = new DatabaseSync(":memory:");
app.get("/", () => database.prepare(${one}).get());${end}`,
  },
  {
    name: "a handle that the main thread opens, read on a thread",
    wrong: `import { DatabaseSync } from "node:sqlite";
import { App } from "offloop";
const app = new App();
let database;
app.lifespan(function* () {
  database = new DatabaseSync(":memory:");
  yield;
  database.close();
});
app.get("/", () => database.prepare(${one}).get()); // here${end}`,
    says: /^OFFLOOP_GUARD_STATE: GET \/ runs on a thread and reads "database", which only a lifespan on the main thread opens, and each thread has its own copy\n.*fix open it in each thread with app\.lifespan\(\{ perThread: true \}, \.\.\.\)/s,
    status: 500,
    fixed: `import { DatabaseSync } from "node:sqlite";
import { App } from "offloop";
const app = new App();
let database;
app.lifespan({ perThread: true }, function* () {
  database = new DatabaseSync(":memory:");
  yield;
  database.close();
});
app.get("/", () => database.prepare(${one}).get());${end}`,
  },
  {
    name: "a handle of the loop, given to a task on a thread",
    wrong: `${pool}const load = app.task("load", (client) => client.query(${one}).then(({ rows }) => rows[0])); // here
app.get("/", async () => {
  const client = await pool.connect();
  try {
    return await load(client);
  } finally {
    client.release();
  }
});${end}`,
    says: /^Cannot run task "?load"? [^\n]*cannot cross between threads/,
    status: 500,
    fixed: `${pool}const load = app.task("load", async (id) => (await pool.query("SELECT $1::int AS one", [id])).rows[0]);
app.get("/", async () => await load(1));${end}`,
  },
  {
    name: "a handle of a thread, given to an operation on the loop",
    wrong: `import { DatabaseSync } from "node:sqlite";
import { App, depends } from "offloop";
const app = new App();
const database = depends(() => new DatabaseSync(":memory:"));
app.get("/", { deps: { database } }, async ({ database }) => database.prepare(${one}).get()); // here${end}`,
    says: /^Cannot serve GET \/: [^\n]* receives database [^\n]*/,
    status: undefined,
    fixed: `import { DatabaseSync } from "node:sqlite";
import { App, depends } from "offloop";
const app = new App();
const database = depends(() => new DatabaseSync(":memory:"));
app.get("/", { deps: { database } }, ({ database }) => database.prepare(${one}).get());${end}`,
  },
  {
    name: "a handle of a thread that the code does not show, given to an operation on the loop",
    wrong: `import { DatabaseSync } from "node:sqlite";
import { App, depends } from "offloop";
const app = new App();
const database = depends(() => Reflect.construct(DatabaseSync, [":memory:"])); // here
app.get("/", { deps: { database } }, async ({ database }) => database.prepare(${one}).get());${end}`,
    says: /^Cannot [^\n]*\bdatabase\b[^\n]*/,
    status: 500,
    fixed: `import { DatabaseSync } from "node:sqlite";
import { App, depends } from "offloop";
const app = new App();
const database = depends(() => new DatabaseSync(":memory:"));
app.get("/", { deps: { database } }, ({ database }) => database.prepare(${one}).get());${end}`,
  },
  {
    name: "a handle of one thread, left to a background task on another",
    wrong: `import { DatabaseSync } from "node:sqlite";
import { App } from "offloop";
const app = new App();
const load = app.task("load", (database) => database.prepare(${one}).get());
app.get("/", ({ background }) => {
  background.add(load, new DatabaseSync(":memory:")); // here
  return { one: 1 };
});${end}`,
    says: /^Cannot [^\n]*(GET \/|load)[^\n]*/,
    status: 500,
    fixed: `import { DatabaseSync } from "node:sqlite";
import { App } from "offloop";
const app = new App();
const load = app.task("load", (path) => new DatabaseSync(path).prepare(${one}).get());
app.get("/", ({ background }) => {
  background.add(load, ":memory:");
  return { one: 1 };
});${end}`,
  },
];
