import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("./interrupted-app.ts", import.meta.url));

test("looking into code of many kinds changes no result, and runs nothing in between", () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--conditions=offloop:source", file], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const { looks, kinds, wrong, intrusions } = JSON.parse(stdout) as {
    looks: number;
    kinds: number;
    wrong: string[];
    intrusions: number;
  };
  assert.deepEqual(wrong, []);
  assert.equal(intrusions, 0);
  assert.ok(looks >= kinds, `only ${looks} looks into ${kinds} kinds of code`);
});
