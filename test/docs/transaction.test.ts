import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type TestClient, testClient } from "offloop/testing";
import pino from "pino";
import { findFencedBlocks } from "../../scripts/fenced-block.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the repository, so that the blocks find offloop.
const folder = join(root, ".offloop/transaction");
after(() => rmSync(folder, { recursive: true, force: true }));

/** Ten of the requests fail on purpose. */
const silent = pino({ level: "silent" });

/** The only block of a page that has a text, as a module. */
function moduleWith(page: string, text: string): URL {
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const found = findFencedBlocks(lines.map((line, at) => ({ text: line, line: at + 1 }))).filter(
    ({ info, code }) => info[0] === "ts" && code.includes(text),
  );
  assert.equal(found.length, 1, `${page}: ${text}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${page.replaceAll("/", "-")}.ts`);
  writeFileSync(file, found[0]?.code ?? "");
  return pathToFileURL(file);
}

async function post(client: TestClient, path: string, json: string): Promise<unknown> {
  const response = await client.post(path, { json });
  return response.status === 200 ? await response.json() : response.status;
}

test("the transaction of docs/dependencies.md: 100 requests at once, of which ten fail, leave 90 notes", async () => {
  await using client = await testClient(moduleWith("docs/dependencies.md", "const transaction = depends("), {
    logger: silent,
  });
  const words = Array.from({ length: 100 }, (_, at) => (at % 10 === 0 ? "" : `note ${at}`));
  const answers = await Promise.all(words.map((word) => post(client, "/notes", word)));
  assert.deepEqual(
    answers.filter((answer) => answer === 500).length,
    10,
    JSON.stringify(answers.slice(0, 20)),
  );
  const counts = answers
    .filter((answer) => typeof answer === "object")
    .map((answer) => (answer as { notes: number }).notes);
  assert.deepEqual(
    counts.sort((a, b) => a - b),
    Array.from({ length: 90 }, (_, at) => at + 1),
  );
});
