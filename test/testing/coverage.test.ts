import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { appFolder } from "../fixtures/app-folder.ts";

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly isBlockCoverage: boolean;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

test("what has run before a testClient is opened keeps its counts, by block, in V8's coverage", () => {
  const folder = appFolder({
    "tested.mjs": `import { App } from "offloop";
import { testClient } from "offloop/testing";
export const app = new App();
app.get("/", async () => "well");
function priced(cents) {
  if (cents > 10) return "dear";
  return "cheap";
}
priced(1);
priced(2);
for (const options of [{}, { failOnBlockMs: 10_000 }]) {
  await using client = await testClient(app, options);
  await client.get("/");
}
`,
  });
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--conditions=offloop:source", "--disable-warning=ExperimentalWarning", "tested.mjs"],
    {
      encoding: "utf8",
      cwd: folder.path(""),
      env: { ...process.env, NODE_V8_COVERAGE: folder.path("coverage") },
    },
  );
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /coverage/);
  const { href } = pathToFileURL(folder.path("tested.mjs"));
  const counted = readdirSync(folder.path("coverage"))
    .map((name) => JSON.parse(readFileSync(folder.path(`coverage/${name}`), "utf8")) as Coverage)
    .flatMap(({ result }) => result.filter(({ url }) => url === href))
    .flatMap(({ functions }) => functions.filter(({ functionName }) => functionName === "priced"))
    .map(({ isBlockCoverage, ranges }) => [isBlockCoverage, ...ranges.map(({ count }) => count)]);
  assert.deepEqual(counted, [[true, 2, 0]]);
});
