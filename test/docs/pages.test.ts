import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type TestClient, testClient } from "offloop/testing";
import { type FencedBlock, findFencedBlocks } from "../../scripts/fenced-block.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { type Exchange, readExchanges } from "./exchange.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the repository, so that the blocks find offloop.
const folder = join(root, ".offloop/pages");
after(() => rmSync(folder, { recursive: true, force: true }));

/** What a page's tests have in their environment. */
const TEST_ENV = ".env.test";

// What the page's app reads when it loads.
const skipped = { "docs/databases.md": withoutPostgres() } as Readonly<Record<string, string | false>>;
if (!skipped["docs/databases.md"]) process.env.DATABASE_URL = (await postgres()).url;
process.env.SQLITE_FILE = join(folder, `notes-${process.pid}.db`);

for (const page of ["README.md", ...globSync("docs/*.md", { cwd: root }).sort()]) {
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const blocks = findFencedBlocks(lines.map((text, at) => ({ text, line: at + 1 })));
  const files = new Map(blocks.filter(isCode).map((block) => [block, save(page, block)]));
  for (const { info, code } of blocks)
    if (info[1] === TEST_ENV) writeFileSync(join(folder, page, TEST_ENV), code);
  for (const [index, block] of blocks.entries()) {
    if (block.info[0] !== "http") continue;
    test(`${page}:${block.line} answers as it says`, { skip: skipped[page] ?? false }, async () => {
      const app = files.get(blocks.slice(0, index).findLast(isCode) as FencedBlock) as string;
      await using client = await testClient(new URL(pathToFileURL(app)));
      for (const exchange of readExchanges(block.code)) await replay(client, exchange);
    });
  }
  for (const file of [...files.values()].filter((name) => name.endsWith(".test.ts")))
    test(`${file.slice(folder.length + 1)} passes`, { skip: skipped[page] ?? false }, () => runTests(file));
}

function isCode({ info }: FencedBlock): boolean {
  return info[0] === "ts" && !info.includes("no-check");
}

/** Saves a block under the name it gives itself, so that others on the page can import it. */
function save(page: string, { info, line, code }: FencedBlock): string {
  const file = join(folder, page, info.find((word) => word.endsWith(".ts")) ?? `line-${line}.ts`);
  mkdirSync(join(folder, page), { recursive: true });
  writeFileSync(file, code);
  return file;
}

async function replay(client: TestClient, exchange: Exchange): Promise<void> {
  const { method, path, headers, body } = exchange;
  const isJson = body !== undefined && headers["Content-Type"] === undefined;
  const response = await client.request(method, path, {
    headers: { ...headers, ...(isJson ? { "Content-Type": "application/json" } : {}) },
    ...(body === undefined ? {} : { body }),
  });
  const shown = await response.text();
  const what = `${method} ${path}: ${response.status} ${shown}`;
  assert.equal(response.status, exchange.status, what);
  for (const [name, value] of Object.entries(exchange.replyHeaders))
    assert.equal(response.headers.get(name), value, what);
  if (/^application\/(\w+\+)?json$/.test(response.headers.get("content-type") ?? ""))
    assert.deepEqual(JSON.parse(shown), JSON.parse(exchange.replyBody), what);
  else assert.equal(shown.trim(), exchange.replyBody, what);
}

function runTests(file: string): void {
  const { status, stdout } = spawnSync(
    process.execPath,
    ["--conditions=offloop:source", `--env-file-if-exists=${TEST_ENV}`, file],
    {
      cwd: join(file, ".."),
      encoding: "utf8",
      env: { ...process.env, NODE_TEST_CONTEXT: "" },
    },
  );
  assert.equal(status, 0, stdout);
}
