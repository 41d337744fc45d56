import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { OffloopError } from "offloop";
import { type TestClient, testClient } from "offloop/testing";
import { pino } from "pino";
import { type AppFolder, appFolder } from "../fixtures/app-folder.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { type WrongUse, wrongUses } from "./wrong-uses.ts";

const skip = withoutPostgres();
const server = skip ? undefined : await postgres();
before(() => {
  process.env.DATABASE_URL = server?.url;
});

const fileOf = (index: number, kind: string): string => `${kind}-${index}.js`;
const folder: AppFolder = appFolder(
  Object.fromEntries(
    wrongUses.flatMap(({ wrong, fixed }, index) => [
      [fileOf(index, "wrong"), wrong],
      [fileOf(index, "fixed"), fixed],
    ]),
  ),
  ["pg"],
);

const table: string[] = [];
after(() => console.log(`Wrong uses: what was written, and what offloop said\n\n${table.join("\n")}`));

interface Said {
  /** Undefined when the app was refused. */
  readonly status: number | undefined;
  readonly body: string;
  readonly texts: readonly string[];
}

/** Serves a module, asks it once, and gives everything that was said from its loading to its end. */
async function said(file: string): Promise<Said> {
  const texts: string[] = [];
  const lines = {
    write: (line: string) => {
      const { msg, err } = JSON.parse(line) as { msg: string; err?: { message: string } };
      if (!/^GET \/ \d+$/.test(msg)) texts.push(err?.message ?? msg);
    },
  };
  const logger = pino({ level: "info" }, lines);
  const opened = await testClient(pathToFileURL(folder.path(file)), { logger }).catch(
    (error: unknown) => error,
  );
  if (opened instanceof OffloopError) return { status: undefined, body: "", texts: [opened.message] };
  await using client = opened as TestClient;
  const response = await client.get("/");
  return { status: response.status, body: await response.text(), texts };
}

function lineOf({ wrong }: WrongUse): number {
  return wrong.split("\n").findIndex((text) => text.endsWith("// here")) + 1;
}

for (const [index, use] of wrongUses.entries()) {
  test(`${use.name} is named with its operation, line and fix, and the fix works`, { skip }, async () => {
    const { status, texts } = await said(fileOf(index, "wrong"));
    const text = texts.find((one) => use.says.test(one));
    assert.ok(text, `${status}: ${texts.join("\n\n")}`);
    assert.equal(status, use.status);
    assert.match(text, new RegExp(`at \\S*${fileOf(index, "wrong")}:${lineOf(use)}\\b`));
    assert.match(text, /\n {2}fix \S/);
    table.push(`  ${use.name}\n${text.replace(/^/gm, "    ").replaceAll(folder.path(""), "")}\n`);
    const fixed = await said(fileOf(index, "fixed"));
    assert.deepEqual([fixed.status, fixed.body, fixed.texts], [200, '{"one":1}', []]);
  });
}
