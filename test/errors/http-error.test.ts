import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import { test } from "node:test";
import { HTTPError } from "offloop";

test("an HTTPError without a status says how it is called", () => {
  const wrong: [unknown, string][] = [
    [{ status: 404 }, '{"status":404}'],
    ["404", '"404"'],
    [99, "99"],
  ];
  for (const [status, got] of wrong)
    assert.throws(() => new HTTPError(status as number), {
      code: "OFFLOOP_REPLY_INVALID",
      message: new RegExp(
        `^Cannot make an HTTPError: expected a status from 200 to 599, got ${got}\n {2}at test/.*\n {2}fix write new HTTPError\\(404, "Not here"\\)$`,
      ),
    });
});

test("an HTTPError without a detail has the standard phrase of its status", () => {
  const newer: Readonly<Record<string, string>> = { 413: "Content Too Large", 422: "Unprocessable Content" };
  for (const status of Object.keys(STATUS_CODES)
    .map(Number)
    .filter((known) => known >= 200)) {
    const { detail, message } = new HTTPError(status);
    const phrase = newer[status] ?? STATUS_CODES[status];
    assert.deepEqual([detail, message], [phrase, phrase], String(status));
  }
  assert.equal(new HTTPError(402).detail, "Payment Required");
  assert.equal(new HTTPError(499).detail, "HTTP 499");
});
