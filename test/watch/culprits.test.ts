import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockCulprit } from "../../src/channels/channels.ts";
import { type Sighting, stateOf } from "../../src/watch/block.ts";
import { doubted, judge } from "../../src/watch/culprits.ts";
import type { Frame, Sight } from "../../src/watch/sampler.ts";

const frame: Frame = {
  file: "/app/a.ts",
  line: 3,
  column: 5,
  functionName: "load",
  mapped: true,
  isOwn: false,
  isAwaiting: false,
};

function sighting(parts: Partial<Sighting> & Partial<Sight> = {}): Sighting {
  const { at = 101, operation = "GET /a", request = "req-1", frames = [frame], ...rest } = parts;
  const { ranMs = 1_000, peers = 1, idleMs = 0, ...own } = rest;
  const sight = { at, operation, request, frames, ranMs, peers, idleMs };
  return { askedAt: 100, silentMs: 100, running: undefined, inProgress: ["GET /a", "GET /b"], sight, ...own };
}

test("judge() is certain about an answer that came at once", () => {
  const [culprit] = judge([sighting({})], 300, undefined);
  assert.equal(culprit?.operation, "GET /a");
  assert.ok(culprit.certain);
  assert.deepEqual(culprit.candidates, []);
  assert.equal(culprit.at?.precision, "exact");
});

test("judge() takes an answer that waited for a native call as a hint, and names who else it may have been", () => {
  const [culprit] = judge([sighting({ at: 250 })], 300, undefined);
  assert.ok(!culprit?.certain);
  assert.deepEqual(culprit?.candidates, ["GET /a", "GET /b"]);
  assert.equal(culprit?.at?.precision, "near");
});

test("judge() believes the mark of what ran when asked rather than what answered, and then knows no line", () => {
  const [culprit] = judge([sighting({ at: 250, running: "GET /b" })], 300, undefined);
  assert.equal(culprit?.operation, "GET /b");
  assert.ok(culprit.certain);
  assert.equal(culprit.request, undefined);
  assert.equal(culprit.at, undefined);
});

test("judge() suspects an operation that was in progress at an earlier look only", () => {
  const seen = [
    sighting({ at: 200 }),
    sighting({ askedAt: 210, at: 250, operation: "GET /b", inProgress: ["GET /b"] }),
  ];
  const last = judge(seen, 300, undefined).find(({ operation }) => operation === "GET /b");
  assert.ok(last?.candidates.includes("GET /a"));
});

test("judge() ignores a look that was asked for when the block had all but ended", () => {
  const culprits = judge(
    [sighting({}), sighting({ askedAt: 298, at: 299, operation: "GET /b" })],
    300,
    undefined,
  );
  assert.deepEqual(
    culprits.map(({ operation }) => operation),
    ["GET /a"],
  );
});

test("judge() doubts an answer without a stack, and one at the very end", () => {
  assert.ok(!judge([sighting({ frames: [] })], 300, undefined)[0]?.certain);
  assert.ok(!judge([sighting({ at: 103 })], 105.5, undefined)[0]?.certain);
});

test("judge() takes the line inside a native call from the profiler", () => {
  const start = { ...frame, line: 1 };
  const timeline = {
    stacks: [
      { frames: [start], line: 7 },
      { frames: [{ ...start, file: "/app/b.ts" }], line: 9 },
    ],
    hits: [
      { at: 50, stack: 1 },
      { at: 60, stack: 1 },
      { at: 120, stack: 0 },
    ],
  };
  const [culprit] = judge([sighting({ at: 250, running: "GET /a" })], 300, timeline);
  assert.deepEqual(culprit?.at, { ...placeAt(7), column: undefined, precision: "exact" });
  const unsure = {
    ...timeline,
    stacks: [{ frames: [{ ...start, functionName: "other" }], line: undefined }, ...timeline.stacks],
  };
  const [inFunction] = judge([sighting({ at: 250, running: "GET /a" })], 300, unsure);
  assert.equal(inFunction?.at?.precision, "function");
});

test("judge() puts first what was seen most", () => {
  const seen = [
    sighting({ operation: "GET /b" }),
    sighting({ askedAt: 110, at: 111 }),
    sighting({ askedAt: 120, at: 121 }),
  ];
  const culprits = judge(seen, 300, undefined);
  assert.deepEqual(
    culprits.map(({ operation, samples }) => [operation, samples]),
    [
      ["GET /a", 2],
      ["GET /b", 1],
    ],
  );
});

test("judge() tells the user's line from that of the package it called", () => {
  const inner = { ...frame, file: "/app/node_modules/slow/index.js", line: 8 };
  const [culprit] = judge([sighting({ frames: [inner, frame] })], 300, undefined);
  assert.equal(culprit?.at?.file, "/app/a.ts");
  assert.equal(culprit?.within?.line, 8);
});

test("judge() leaves out the lines of offloop itself and of node", () => {
  const own = { ...frame, file: "/app/offloop.js", isOwn: true };
  const [culprit] = judge(
    [sighting({ frames: [{ ...frame, file: "node:fs" }, own, frame] })],
    300,
    undefined,
  );
  assert.equal(culprit?.at?.file, "/app/a.ts");
  assert.equal(culprit?.within, undefined);
});

function placeAt(line: number): object {
  return { file: frame.file, line, functionName: frame.functionName };
}

test("judge() blames no run alone that had only just begun, and gives it no line: the turn held many", () => {
  const [culprit] = judge([sighting({ ranMs: 2 })], 300, undefined);
  assert.deepEqual(
    [culprit?.operation, culprit?.certain, culprit?.oneOfMany, culprit?.request, culprit?.at],
    ["GET /a", false, true, undefined, undefined],
  );
  assert.ok(judge([sighting({ ranMs: 90 })], 300, undefined)[0]?.certain);
});

test("judge() blames no run alone that goes on in a crowd, nor several requests of one operation", () => {
  assert.ok(!judge([sighting({ peers: 30 })], 300, undefined)[0]?.certain);
  const several = judge([sighting(), sighting({ askedAt: 150, at: 151, request: "req-2" })], 300, undefined);
  assert.ok(several.every(({ certain }) => !certain));
  const twice = judge([sighting(), sighting({ askedAt: 150, at: 151 })], 300, undefined);
  assert.deepEqual([twice[0]?.certain, twice[0]?.samples], [true, 2]);
});

test("judge() is certain of a request that two looks saw at work, though many others are under way", () => {
  const crowded = sighting({ peers: 30 });
  const later = sighting({ askedAt: 150, at: 151, silentMs: 150, peers: 30 });
  const [culprit, ...others] = judge([crowded, later], 300, undefined);
  assert.deepEqual([culprit?.certain, culprit?.samples, culprit?.request], [true, 2, "req-1"]);
  assert.deepEqual(others, []);
});

test("judge() is certain of a request that one look saw at work, and others only found there", () => {
  const found = sighting({ askedAt: 10, at: 11, frames: [] });
  const elsewhere = sighting({ askedAt: 20, at: 90, operation: "GET /b", request: "req-2" });
  const culprits = judge([found, { ...found, askedAt: 12 }, elsewhere, sighting({})], 300, undefined);
  assert.deepEqual(
    culprits.map(({ operation, certain, samples }) => [operation, certain, samples]),
    [
      ["GET /a", true, 3],
      ["GET /b", false, 1],
    ],
  );
});

test("judge() attributes offloop's own work, like writing the log, to nobody", () => {
  const pretty = { ...frame, file: "/app/node_modules/pino-pretty/index.js" };
  const log = { ...frame, file: "/offloop/src/http/logs/access-log.ts", isOwn: true };
  const read = { ...frame, file: "/offloop/src/schema/validate.ts", isOwn: true };
  const [nobody] = judge([sighting({ frames: [pretty, log] })], 300, undefined);
  assert.deepEqual([nobody?.operation, nobody?.certain], [undefined, true]);
  for (const frames of [
    [pretty, log, frame],
    [{ ...pretty, file: "/app/node_modules/zod/index.js" }, read, log],
    [frame, log],
  ])
    assert.equal(judge([sighting({ frames })], 300, undefined)[0]?.operation, "GET /a");
});

test("judge() names what offloop does for an operation, also where an around awaits it, without that line", () => {
  const encode = { ...frame, file: "/offloop/src/operation/encode.ts", isOwn: true };
  const around = { ...frame, isAwaiting: true };
  const log = { ...encode, file: "/offloop/src/http/logs/access-log.ts" };
  const [named] = judge([sighting({ frames: [encode, around] })], 300, undefined);
  assert.deepEqual([named?.operation, named?.at], ["GET /a", undefined]);
  for (const frames of [[encode, around], [around]])
    assert.equal(judge([sighting({ at: 250, frames })], 300, undefined)[0]?.at, undefined);
  assert.equal(judge([sighting({ frames: [log, around] })], 300, undefined)[0]?.operation, undefined);
  const onion = { ...encode, file: "/offloop/src/lanes/surround.ts" };
  const router = { ...frame, file: "/app/node_modules/fastify/lib/route.js" };
  const [called] = judge([sighting({ at: 250, frames: [onion, frame, onion, router] })], 300, undefined);
  assert.deepEqual([called?.at, called?.within], [undefined, undefined]);
  // What awaits a package has called it.
  const inner = { ...frame, file: "/app/node_modules/slow/index.js" };
  assert.equal(judge([sighting({ frames: [inner, around] })], 300, undefined)[0]?.at?.line, 3);
});

test("judge() blames a run that began with its turn, however long the loop had waited before it", () => {
  const [waited] = judge([sighting({ silentMs: 80, idleMs: 45, ranMs: 35 })], 300, undefined);
  assert.ok(waited?.certain && waited.oneOfMany !== true);
  const [worked] = judge([sighting({ silentMs: 80, idleMs: 2, ranMs: 35 })], 300, undefined);
  assert.equal(worked?.oneOfMany, true);
});

test("stateOf() calls a block starved that others have made one by having the CPU", () => {
  const gap = { after: 0, from: 0, to: 400, cpuMs: 60, delayMs: 330 };
  const signs = { gcMs: 0, latestMs: 0, crowdedOutMs: 0 };
  assert.equal(stateOf(gap, signs, 100), "starved");
  assert.equal(stateOf({ ...gap, cpuMs: 200, delayMs: 190 }, signs, 100), "computing");
  assert.equal(stateOf({ ...gap, cpuMs: 2, delayMs: 5 }, signs, 100), "asleep");
  assert.equal(stateOf({ ...gap, cpuMs: 2, delayMs: 5 }, { ...signs, latestMs: 150 }, 100), "starved");
  assert.equal(stateOf({ ...gap, cpuMs: 2, delayMs: 5 }, { ...signs, crowdedOutMs: 190 }, 100), "asleep");
  assert.equal(stateOf({ ...gap, cpuMs: 2, delayMs: 5 }, { ...signs, crowdedOutMs: 200 }, 100), "starved");
  assert.equal(stateOf({ ...gap, cpuMs: 380, delayMs: undefined }, signs, 100), "computing");
});

test("doubted() is certain about no operation, and leaves code that belongs to none", () => {
  const [one] = judge([sighting()], 300, undefined) as [BlockCulprit];
  const nobodys = { ...one, operation: undefined };
  assert.deepEqual(
    doubted([one, nobodys]).map(({ operation, certain }) => [operation, certain]),
    [
      ["GET /a", false],
      [undefined, true],
    ],
  );
});
