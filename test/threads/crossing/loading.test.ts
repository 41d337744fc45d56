import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createLoadLock,
  hasLoaded,
  lockWhileLoading,
  preventLoading,
} from "../../../src/threads/crossing/loading.ts";

const { dlopen } = process;

test("lockWhileLoading(): locked until the outermost addon is loaded, also when that fails", async (t) => {
  t.after(() => {
    process.dlopen = dlopen;
  });
  const lock = createLoadLock();
  const seen: boolean[] = [];
  process.dlopen = (_module, file) => {
    if (file === "outer") process.dlopen({}, "inner");
    seen.push(preventLoading(lock));
    throw new Error(`cannot load ${file}`);
  };
  lockWhileLoading(lock);
  const loaded = hasLoaded(lock);
  assert.throws(() => process.dlopen({}, "inner"), /cannot load inner/);
  assert.throws(() => process.dlopen({}, "outer"), /cannot load inner/);
  await loaded;
  assert.deepEqual(seen, [false, false]);
  assert.equal(preventLoading(lock), true);
  assert.equal(preventLoading(lock), true, "a thread may be ended twice");
});
