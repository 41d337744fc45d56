import assert from "node:assert/strict";
import { test } from "node:test";
import { allHeldError, busyError } from "../../../src/threads/pool/errors.ts";

const work = { id: "GET /report", location: { file: "app.ts", line: 1, column: 1 } };
const firstLine = ({ message }: Error): string | undefined => message.split("\n")[0];

test("the errors of a pool count one and many", () => {
  assert.equal(
    firstLine(allHeldError(1, ["POST /plain"])),
    "Cannot run plain functions: the only thread is held by a call that does not end: POST /plain",
  );
  assert.equal(
    firstLine(allHeldError(3, ["POST /plain", "task resize"])),
    "Cannot run plain functions: all 3 threads are held by calls that do not end: POST /plain, task resize",
  );
  assert.match(allHeldError(3, ["POST /plain"]).fix, /^give it a timeoutMs, and its native calls/);
  assert.match(allHeldError(2, ["GET /a", "GET /b"]).fix, /^give them a timeoutMs, and their native calls/);
  const busy = { busy: 1, max: 1, waiting: 1, option: "threads.maxQueue" };
  assert.equal(
    firstLine(busyError(work, busy, 1)),
    "Cannot start GET /report: 1 of 1 thread is busy and 1 call waits, as many as threads.maxQueue allows",
  );
  assert.equal(
    firstLine(busyError(work, { ...busy, busy: 4, max: 4, waiting: 8 }, 1)),
    "Cannot start GET /report: 4 of 4 threads are busy and 8 calls wait, as many as threads.maxQueue allows",
  );
});
