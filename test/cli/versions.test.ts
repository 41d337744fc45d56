import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNode } from "../../src/cli/versions.ts";

test("checkNode says which Node is needed, which was found, and where that is", () => {
  assert.throws(() => checkNode("20.20.2", "/usr/bin/node"), {
    code: "OFFLOOP_NODE_OUTDATED",
    message:
      "Cannot run on Node 20.20.2: offloop needs Node 24.16 or later\n  fix install Node 24, or put it before /usr/bin/node in the PATH",
  });
  assert.throws(() => checkNode("24.15.9", "node"), { code: "OFFLOOP_NODE_OUTDATED" });
});

test("checkNode accepts what package.json demands, and all that is newer", () => {
  for (const version of ["24.16.0", "24.17.1", "25.0.0", "26.1.0-nightly", process.versions.node])
    checkNode(version, "node");
});
