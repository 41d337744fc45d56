import assert from "node:assert/strict";
import { scrypt } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { eventLoopUtilization } from "node:perf_hooks";
import { test } from "node:test";
import { promisify } from "node:util";
import { runMarked } from "../../src/watch/marks.ts";
import { type Gap, Pulse } from "../../src/watch/pulse.ts";
import { BEAT_MS, clockMs } from "../../src/watch/shared-words.ts";

interface PulseUnderTest {
  readonly pulse: Pulse;
  readonly events: EventEmitter;
  readonly gaps: Gap[];
  isBusy: boolean;
  isMuted: boolean;
  [Symbol.dispose](): void;
}

function startPulse(): PulseUnderTest {
  const events = new EventEmitter();
  const gaps: Gap[] = [];
  // The pulse itself keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  const state = { events, gaps, isBusy: false, isMuted: false };
  const pulse = new Pulse(100, {
    isBusy: () => state.isBusy,
    isMuted: () => state.isMuted,
    onBeat: (gap) => {
      if (gap !== undefined) gaps.push(gap);
      events.emit("beat");
    },
    onWake: () => events.emit("wake"),
  });
  return Object.assign(state, {
    pulse,
    [Symbol.dispose]: () => {
      pulse.stop();
      clearInterval(alive);
    },
  });
}

const serve = (): void =>
  runMarked(
    { mark: 1, request: undefined, at: 0, bindings: undefined, late: undefined, isOver: false },
    () => {},
    undefined,
  );

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

test("Pulse beats seldom until something runs, and again when nothing has run for long", async () => {
  using under = startPulse();
  const { pulse, events } = under;
  const idleMs = pulse.words[BEAT_MS] as number;
  const woken = once(events, "wake");
  serve();
  await woken;
  const fastMs = pulse.words[BEAT_MS] as number;
  assert.ok(fastMs * 4 < idleMs);
  while (pulse.words[BEAT_MS] === fastMs) await once(events, "beat");
  assert.equal(pulse.words[BEAT_MS], idleMs);
});

test("Pulse speeds up at the run that ends the rest, and stays fast while operations are in progress", async () => {
  using under = startPulse();
  under.isBusy = true;
  serve();
  for (let beat = 0; beat < 30; beat++) await once(under.events, "beat");
  assert.ok((under.pulse.words[BEAT_MS] as number) <= 50);
});

test("Pulse reports a period without a turn, excluding the time the loop slept before it", async () => {
  using under = startPulse();
  serve();
  await once(under.events, "beat");
  let idleAtBeat = eventLoopUtilization().idle;
  under.events.on("beat", () => (idleAtBeat = eventLoopUtilization().idle));
  // Worked out elsewhere: the loop sleeps until it is there.
  await promisify(scrypt)("a password", "salt", 64);
  const sleptMs = eventLoopUtilization().idle - idleAtBeat;
  const startedAt = clockMs();
  spin(200);
  while (under.gaps.length === 0) await once(under.events, "beat");
  const [gap] = under.gaps as [Gap];
  assert.ok(
    gap.from >= gap.after + sleptMs && gap.from <= startedAt + 1,
    JSON.stringify({ ...gap, sleptMs, startedAt }),
  );
  assert.ok(gap.to - gap.from >= 199);
});

test("Pulse reports no blocks before the first run, or while it is muted", async () => {
  using under = startPulse();
  spin(300);
  await once(under.events, "beat");
  assert.deepEqual(under.gaps, []);
  serve();
  under.isMuted = true;
  spin(200);
  await once(under.events, "beat");
  assert.deepEqual(under.gaps, []);
});

test("Pulse does not take many short turns for a block", async () => {
  using under = startPulse();
  serve();
  under.isBusy = true;
  for (let turn = 0; turn < 60; turn++) {
    spin(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(
    under.gaps.filter(({ cpuMs }) => cpuMs >= 100),
    [],
  );
});
