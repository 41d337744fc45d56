import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createDocument } from "../../src/openapi/document.ts";
import shop from "../openapi/shop.ts";

const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const run = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--conditions=offloop:source",
    cli,
    ...args,
  ]);
  return stdout;
};

describe("offloop openapi", () => {
  test("prints the document that the app serves", async () => {
    const text = await run("openapi", fileURLToPath(new URL("../openapi/shop.ts", import.meta.url)));
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(createDocument(shop))));
  });

  test("explains a module that is not there", async () => {
    await assert.rejects(run("openapi", "nowhere.ts"), /OFFLOOP_MODULE_NOT_FOUND/);
  });
});
