import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { FileChanges } from "../../src/cli/file-changes.ts";
import { appFolder } from "../fixtures/app-folder.ts";

const folder = appFolder({ "one.ts": "", "two.ts": "" });

test("FileChanges: a folder that the system does not let it watch is told of once, and ends nothing", (t) => {
  t.mock.method(fs, "watch", () => {
    throw Object.assign(new Error("ENOSPC: System limit for number of file watchers reached"), {
      code: "ENOSPC",
    });
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const refused: string[] = [];
  const changes = new FileChanges(
    () => {},
    (path, { message }) => refused.push(`${path} ${message.split(":")[0]}`),
  );
  for (const name of ["one.ts", "two.ts"]) {
    const { ino, size, mtimeMs } = fs.statSync(folder.path(name));
    changes.add({ file: folder.path(name), stamp: `${ino} ${size} ${mtimeMs}` });
  }
  assert.deepEqual(refused, [`${join(folder.path("one.ts"), "..")} ENOSPC`]);
  assert.equal(changes.size, 2);
});
