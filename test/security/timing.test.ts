import assert from "node:assert/strict";
import { test } from "node:test";
import { timingSafeEqual } from "offloop/security";

test("timingSafeEqual() compares texts of any length", () => {
  assert.equal(timingSafeEqual("secret", "secret"), true);
  assert.equal(timingSafeEqual("", ""), true);
  assert.equal(timingSafeEqual("жук", "жук"), true);
  for (const other of ["", "secre", "secrets", "Secret", "жук"])
    assert.equal(timingSafeEqual("secret", other), false);
});
