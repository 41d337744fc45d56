import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import mysql from "mysql2/promise";
import { type DriverName, describeDsn } from "offloop/dsn";
import pg from "pg";
import { mariadb, postgres, withoutMariadb, withoutPostgres } from "../fixtures/databases.ts";
import { openedBy } from "./opened.ts";
import { password, wrong } from "./wrong-dsns.ts";

const skip = withoutPostgres() || withoutMariadb();
/** The servers' ports, MariaDB's socket and the folder of SQLite's files. */
interface Places {
  readonly P: string;
  readonly M: string;
  readonly SOCKET: string;
  readonly FOLDER: string;
}

const places: Places = skip ? { P: "", M: "", SOCKET: "", FOLDER: "" } : await openServers();
const started = process.cwd();

async function openServers(): Promise<Places> {
  const [p, m] = await Promise.all([postgres(), mariadb()]);
  await preparePostgres(p.url);
  const FOLDER = mkdtempSync(join(tmpdir(), "offloop-dsn-"));
  const SOCKET = await prepareMariadb(m.url);
  return { P: new URL(p.url).port, M: new URL(m.url).port, SOCKET, FOLDER };
}

/** Trusts everyone but two, whose passwords are to be right. */
async function preparePostgres(url: string): Promise<void> {
  const root = new pg.Client(url);
  await root.connect();
  await root.query(`CREATE ROLE ada LOGIN PASSWORD '${password}'`);
  await root.query("CREATE ROLE bob LOGIN PASSWORD 'plain'");
  await root.query("CREATE DATABASE shop");
  const { rows } = await root.query("SHOW hba_file");
  const rules = ["host all ada,bob 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 trust"];
  const lines = rules.map((rule) => `SELECT '${rule}'`).join(" UNION ALL ");
  await root.query(`COPY (${lines}) TO '${rows[0].hba_file}'`);
  await root.query("SELECT pg_reload_conf()");
  await root.end();
}

/** Gives the path of its socket. */
async function prepareMariadb(url: string): Promise<string> {
  const root = await mysql.createConnection(url);
  await root.query("CREATE DATABASE shop");
  for (const [user, own] of [
    ["ada", password],
    ["bob", "plain"],
    ["eve", "pl@in"],
  ])
    await root.query(`GRANT ALL ON shop.* TO '${user}'@'%' IDENTIFIED BY '${own}'`);
  const [rows] = await root.query("SELECT @@socket AS path");
  await root.end();
  return (rows as { path: string }[])[0]?.path ?? "";
}

before(() => places.FOLDER && process.chdir(places.FOLDER));
after(() => {
  process.chdir(started);
  if (places.FOLDER !== "") rmSync(places.FOLDER, { recursive: true });
});

const table: string[] = [];
after(
  () =>
    table.length > 0 &&
    console.log(
      `Wrong DSNs: what was written, what the driver did with it, what describeDsn says\n\n${table.join("\n")}`,
    ),
);

for (const row of wrong) {
  test(`describeDsn() says what is wrong with ${row.written} for ${row.driver}, and its fix opens`, {
    skip,
  }, async () => {
    const written = filled(row.written);
    const { advice, dsn, takenBy } = describeDsn(written, row.driver);
    assert.match(advice ?? "", row.says);
    assert.ok(!JSON.stringify(describeDsn(written, row.driver)).includes(row.password ?? "plain"));
    const driven = await openedBy(row.driver, written).catch((error: Error) => error);
    if (row.taken !== undefined) assert.equal(driven, row.taken);
    const write = dsn
      ?.replace("***", encodeURIComponent(row.password ?? "plain"))
      .replace("/DATABASE", "/shop");
    const found = await openedBy(takenBy[0] as DriverName, write ?? "");
    assert.equal(found, row.opens);
    const did = driven instanceof Error ? `fails: ${driven.message.split("\n")[0]}` : `takes it: ${driven}`;
    table.push(
      `  ${row.written}\n    ${row.driver} ${blank(did.replaceAll(written, "(the whole DSN)"))}\n    ${blank(advice ?? "")}\n`,
    );
  });
}

test("describeDsn() finds nothing wrong with what drivers take, and they take it", { skip }, async () => {
  const right: readonly (readonly [DriverName, string, string])[] = [
    ["pg", "postgresql://bob:plain@127.0.0.1:P/shop?application_name=shop", "bob@shop"],
    ["postgres", "postgres://bob:plain@127.0.0.1:P,127.0.0.1:P/shop", "bob@shop"],
    ["pg", `postgresql://ada:${encodeURIComponent(password)}@127.0.0.1:P/shop`, "ada@shop"],
    ["postgres", `postgresql://ada:${encodeURIComponent(password)}@127.0.0.1:P/shop`, "ada@shop"],
    ["mysql2", `mysql://ada:${encodeURIComponent(password)}@127.0.0.1:M/shop`, "ada@shop"],
    ["mariadb", `mariadb://ada:${encodeURIComponent(password)}@127.0.0.1:M/shop`, "ada@shop"],
    ["mysql2", "mysql://root@localhost/shop?socketPath=SOCKET", "root@shop"],
    ["mariadb", "mariadb://root@localhost/shop?socketPath=SOCKET", "root@shop"],
    ["node:sqlite", "file:./shop.db", "shop.db"],
    ["node:sqlite", "shop.db", "shop.db"],
    ["better-sqlite3", "shop.db", "shop.db"],
  ];
  for (const [driver, written, opens] of right) {
    assert.equal(describeDsn(filled(written), driver).advice, undefined, written);
    assert.equal(await openedBy(driver, filled(written)), opens, written);
  }
});

test("better-sqlite3 and node:sqlite make a file of a scheme that describeDsn() names", { skip }, () => {
  assert.ok(readdirSync(places.FOLDER).includes("sqlite:shop.db"));
  assert.ok(readdirSync(places.FOLDER).includes("file:shop.db"));
});

function filled(text: string): string {
  return text
    .replaceAll(/(?<=[:=])P\b/g, places.P)
    .replaceAll(/(?<=[:=])M\b/g, places.M)
    .replaceAll("SOCKET", places.SOCKET)
    .replaceAll("FOLDER", places.FOLDER);
}

/** The other way round. */
function blank(text: string): string {
  return Object.entries(places).reduce((shown, [name, place]) => shown.replaceAll(place, name), text);
}
