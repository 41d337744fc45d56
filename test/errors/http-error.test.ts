import assert from "node:assert/strict";
import { test } from "node:test";
import { HTTPError } from "offloop";

test("an HTTPError without a status says how it is called", () => {
  const wrong: [unknown, string][] = [
    [{ status: 404 }, "a value of type object"],
    ["404", "a value of type string"],
    [99, "99"],
  ];
  for (const [status, got] of wrong)
    assert.throws(() => new HTTPError(status as number), {
      name: "RangeError",
      message: `HTTPError: expected a status of 200-599, got ${got}; write new HTTPError(404, "Not here")`,
    });
});
