import assert from "node:assert/strict";
import { test } from "node:test";
import { depends, OffloopError } from "offloop";

test("depends() refuses options after a function that has some before it", () => {
  const inner = depends(async () => 1);
  const declare = depends as (...args: unknown[]) => unknown;
  assert.throws(
    () => declare({ deps: { inner } }, function* opened() {}, { scope: "function" }),
    (error) => {
      assert.ok(error instanceof OffloopError && error.code === "OFFLOOP_HANDLER_INVALID");
      assert.match(error.message, /the dependency opened: expected options and a function, got 3 arguments/);
      assert.match(String(error.at?.file), /depends\.test\.ts$/);
      assert.equal(error.fix, "pass one function, and all options in the one object before it");
      return true;
    },
  );
});
