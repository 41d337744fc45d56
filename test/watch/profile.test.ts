import assert from "node:assert/strict";
import { test } from "node:test";
import { RollingProfile } from "../../src/watch/profile.ts";
import { clockMs } from "../../src/watch/shared-words.ts";

function computeFor(ms: number): void {
  for (const end = clockMs() + ms; clockMs() < end; );
}

test("RollingProfile gives what it saw, however many there are in the process", async (t) => {
  const profiles = [new RollingProfile(), new RollingProfile(), new RollingProfile()];
  t.after(() => {
    for (const profile of profiles) profile.stop();
  });
  for (const profile of [...profiles, ...profiles.toReversed()]) {
    const from = clockMs();
    computeFor(150);
    const { hits, stacks } = await profile.between(from, clockMs());
    assert.ok(hits.length > 0);
    assert.ok(stacks.some(({ frames }) => frames.some((frame) => frame.functionName === "computeFor")));
  }
});
