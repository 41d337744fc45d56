import assert from "node:assert/strict";
import { test } from "node:test";
import type { Operation } from "../../src/app/operation.ts";
import {
  type Around,
  compose,
  type LaneRequest,
  type RunOperation,
  type RunTask,
} from "../../src/lanes/around.ts";
import type { RawReply } from "../../src/operation/raw.ts";

const operation = { id: "GET /" } as Operation;
const request = { id: "1" } as LaneRequest;
const reply = { status: 200 } as RawReply;
const run: RunOperation = async () => reply;
const runTask: RunTask = async () => 1;

/** Notes when it is entered and left. */
function noting(name: string, notes: string[]): Around {
  return {
    operation: (_, inner) => async (asked) => {
      notes.push(`${name} in`);
      const answer = await inner(asked);
      notes.push(`${name} out`);
      return answer;
    },
    dependency: (_path, _lane, make) => {
      notes.push(name);
      return make();
    },
  };
}

test("compose() of nothing returns the run unchanged, and nothing to call", () => {
  for (const arounds of [compose([]), compose([{}, {}])]) {
    assert.equal(arounds.operation(operation, run), run);
    assert.equal(arounds.task(runTask), runTask);
    assert.deepEqual(
      [arounds.dependency, arounds.calls, arounds.count(operation)],
      [undefined, undefined, undefined],
    );
  }
});

test("compose() makes an onion, the last added outermost", async () => {
  const notes: string[] = [];
  const arounds = compose([noting("inner", notes), {}, noting("outer", notes)]);
  assert.equal(await arounds.operation(operation, run)(request), reply);
  assert.deepEqual(notes, ["outer in", "inner in", "inner out", "outer out"]);
  notes.length = 0;
  await arounds.dependency?.("db", "loop", async () => 1);
  assert.deepEqual(notes, ["outer", "inner"]);
});

test("compose() asks each for an operation's runs once, when it is opened", async () => {
  let asked = 0;
  const around: Around = {
    operation: (_, inner) => {
      asked++;
      return inner;
    },
  };
  const opened = compose([around]).operation(operation, run);
  await opened(request);
  await opened(request);
  assert.equal(asked, 1);
});

test("compose() lets each put another answer to a failure, and counts for all", async () => {
  const failed = { ...reply, status: 500 };
  const counted: number[] = [];
  const around = (status: number): Around => ({
    failure: (_operation, _request, { status: before }) => ({ ...reply, status: before + status }),
    count: () => (change) => void counted.push(change * status),
  });
  const arounds = compose([around(1), around(2)]);
  assert.equal((await arounds.failure(operation, request, failed)).status, 503);
  arounds.count(operation)?.(1);
  assert.deepEqual(counted, [1, 2]);
});
