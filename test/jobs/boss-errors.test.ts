import assert from "node:assert/strict";
import { test } from "node:test";
import { describeError } from "../../src/errors/described-error.ts";
import { asError } from "../../src/jobs/postgres/engine-setup.ts";

test("an error that pg-boss passes on as a plain copy is an error in the log", () => {
  const thrown = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const copy = { ...thrown, message: thrown.message, stack: thrown.stack };
  const { type, message, code, stack } = describeError(asError(copy));
  assert.deepEqual([type, message, code], ["Error", "connect ECONNREFUSED", "ECONNREFUSED"]);
  assert.match(stack ?? "", /boss-errors\.test\.ts/);
  assert.equal(asError(thrown), thrown);
});
