import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type TestClient, testClient } from "offloop/testing";
import pino from "pino";
import { findFencedBlocks } from "../../scripts/fenced-block.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the repository, so that the blocks find offloop.
const folder = join(root, `.offloop/database-examples-${process.pid}`);
mkdirSync(folder, { recursive: true });
after(() => rmSync(folder, { recursive: true, force: true }));
// What the examples read when they load.
process.env.SQLITE_FILE = join(folder, "notes.db");

/** Ten of the requests fail on purpose. */
const logger = pino({ level: "silent" });

/** The only block of a page that has a text, as a module. */
function moduleWith(page: string, text: string, name: string): URL {
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const found = findFencedBlocks(lines.map((line, at) => ({ text: line, line: at + 1 }))).filter(
    ({ info, code }) => info[0] === "ts" && code.includes(text),
  );
  assert.equal(found.length, 1, `${page}: ${text}`);
  return saved(name, found[0]?.code ?? "");
}

function saved(name: string, code: string): URL {
  const file = join(folder, name);
  writeFileSync(file, code);
  return pathToFileURL(file);
}

async function post(client: TestClient, path: string, json: string): Promise<unknown> {
  const response = await client.post(path, { json });
  return response.status === 200 ? await response.json() : response.status;
}

test("the transaction of docs/dependencies.md: 100 requests at once, of which ten fail, leave 90 notes", async () => {
  const app = moduleWith("docs/dependencies.md", "const transaction = depends(", "transaction.ts");
  await using client = await testClient(app, { logger });
  const words = Array.from({ length: 100 }, (_, at) => (at % 10 === 0 ? "" : `note ${at}`));
  const answers = await Promise.all(words.map((word) => post(client, "/notes", word)));
  const counts = answers.flatMap((answer) => (answer === 500 ? [] : (answer as { notes: number }).notes));
  assert.deepEqual(
    counts.sort((a, b) => a - b),
    Array.from({ length: 90 }, (_, at) => at + 1),
  );
});

const NOTES = 20_000;

/** More than sockets hold: whoever stops reading makes the stream wait. */
function fill(): void {
  using database = new DatabaseSync(process.env.SQLITE_FILE as string);
  database.exec("pragma journal_mode = wal; drop table if exists notes");
  database.exec("create table notes (id integer primary key, words text not null)");
  database.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${NOTES})
    insert into notes select i, printf('%01000d', i) from n`);
}

/** The examples on one thread, with another operation that uses the connection of the thread. */
function withDeletion(): URL {
  moduleWith("docs/sqlite.md", "export function open()", "sqlite.ts");
  moduleWith("docs/sqlite.md", "function* lines(", "stream.ts");
  return saved(
    "served.ts",
    `import app, { shared } from "./stream.ts";
    app.delete("/notes/:id", { deps: { shared } }, ({ params, shared }) => {
      shared.prepare("delete from notes where id = ?").run(params.id);
      return shared.prepare("select count(*) as left from notes").get();
    });
    export default app;`,
  );
}

for (const [path, left] of [
  ["/notes", NOTES],
  ["/notes.csv", NOTES - 6],
] as const)
  test(`${path} of docs/sqlite.md: a client that reads slowly keeps no other request from writing`, async () => {
    fill();
    await using client = await testClient(withDeletion(), { socket: true, threads: { max: 1, reserve: 0 } });
    const response = await client.get(path);
    const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    let lines = count((await reader.read()).value);
    const deletions = await Promise.all(
      Array.from({ length: 6 }, async (_, at) => {
        const deleted = await client.delete(`/notes/${NOTES - at}`);
        return deleted.json();
      }),
    );
    assert.deepEqual(
      deletions,
      Array.from({ length: 6 }, (_, at) => ({ left: NOTES - 1 - at })),
    );
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read())
      lines += count(chunk.value);
    assert.equal(lines, left); // from one state, or from the pages that are there
  });

function count(bytes: Uint8Array = new Uint8Array()): number {
  return bytes.reduce((lines, byte) => lines + Number(byte === 10), 0);
}
