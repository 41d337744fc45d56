import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJobId } from "../../src/jobs/job-id.ts";
import { newUuid } from "../../src/jobs/uuid.ts";

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("newUuid() ascends, however many are made at one time, and when the clock is put back", () => {
  const now = Date.now() + 60_000;
  const times = [now, ...Array.from({ length: 10_000 }, () => now + 1), now - 1_000, now + 2, now + 60_000];
  const uuids = times.map((time) => newUuid(time));
  assert.deepEqual(uuids.toSorted(), uuids);
  assert.equal(new Set(uuids).size, uuids.length);
  for (const uuid of uuids) assert.match(uuid, version7);
  assert.deepEqual(parseJobId(`task:${uuids[0]}`), { task: "task", uuid: uuids[0] });
});

test("newUuid() begins with the time in milliseconds", () => {
  const now = Date.now() + 600_000;
  assert.equal(Number.parseInt(newUuid(now).replaceAll("-", "").slice(0, 12), 16), now);
});
