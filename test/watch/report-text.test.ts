import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockCulprit, BlockReport } from "../../src/channels/channels.ts";
import { fixText, liveText, reportText as textAt } from "../../src/watch/report-text.ts";

const at = { file: "/app/work.ts", line: 11, column: 20, functionName: "hash", precision: "exact" } as const;
const culprit: BlockCulprit = {
  operation: "GET /hash",
  request: "req-1",
  certain: true,
  candidates: [],
  at,
  within: undefined,
  samples: 3,
};
const report: BlockReport = {
  startedAt: 0,
  durationMs: 2194.4,
  state: "computing",
  cpuMs: 2190,
  gcMs: 0,
  waitedRequests: 35,
  culprits: [culprit],
};

const reportText = (one: BlockReport): string => textAt(one, "production");

test("reportText() says how long, by whom, where, and who waited", () => {
  assert.equal(
    reportText(report),
    "event loop blocked for 2194 ms (computing) by GET /hash at /app/work.ts:11:20 (hash); 35 requests waited",
  );
});

test("reportText() names the others it may have been when it is not certain", () => {
  const unsure = {
    ...culprit,
    certain: false,
    candidates: ["GET /hash", "GET /ok"],
    at: { ...at, precision: "near" as const },
  };
  assert.equal(
    reportText({ ...report, waitedRequests: 1, culprits: [unsure] }),
    "event loop blocked for 2194 ms (computing) probably by GET /hash at or just before /app/work.ts:11:20 (hash), or else by GET /ok; 1 request waited",
  );
});

test("reportText() distinguishes a sleeping thread, a starved one, and garbage collection", () => {
  assert.match(
    reportText({ ...report, state: "asleep" }),
    /^event loop blocked for 2194 ms \(asleep in a synchronous call\) by /,
  );
  assert.equal(
    reportText({ ...report, state: "starved", delayMs: 2100, culprits: [] }),
    "event loop held up for 2194 ms (starved): others had the CPU for 2100 of them, and no operation is to blame; 35 requests waited",
  );
  assert.equal(
    reportText({ ...report, state: "starved", delayMs: 3, culprits: [] }),
    "event loop held up for 2194 ms (starved): what it waited for got no CPU, and no operation is to blame; 35 requests waited",
  );
  assert.match(
    reportText({ ...report, delayMs: 1500 }),
    /^event loop blocked for 2194 ms \(computing, without a CPU for 1500 of them\) by GET \/hash/,
  );
  assert.match(
    reportText({ ...report, gcMs: 1000 }),
    /2194 ms \(computing\), 1000 ms of it garbage collection, by /,
  );
});

test("reportText() gives the line inside a package after the user's own, and other operations last", () => {
  const within = { ...at, file: "/app/node_modules/slow/index.js", functionName: undefined };
  const other = { ...culprit, operation: "GET /ok", samples: 1 };
  assert.equal(
    reportText({ ...report, waitedRequests: 0, culprits: [{ ...culprit, within }, other] }),
    "event loop blocked for 2194 ms (computing) by GET /hash at /app/work.ts:11:20 (hash), inside /app/node_modules/slow/index.js:11:20 (3 of 4 samples), also by GET /ok",
  );
});

test("reportText() admits what the watchdog does not know", () => {
  assert.match(
    reportText({ ...report, culprits: [] }),
    /by something the watchdog could not look at; if it comes again, offloop dev or watch: \{ level: "development" \} sees more/,
  );
  assert.match(
    textAt({ ...report, culprits: [] }, "development"), // offloop dev itself
    /by something the watchdog could not look at; 35 requests waited$/,
  );
  assert.match(
    reportText({ ...report, culprits: [{ ...culprit, certain: false, oneOfMany: true }] }),
    /by many short runs in one turn, of GET \/hash;/,
  );
  const nobody = {
    ...culprit,
    operation: undefined,
    at: { ...at, column: undefined, precision: "function" as const },
  };
  assert.match(
    reportText({ ...report, culprits: [nobody] }),
    /by code outside any operation in hash, \/app\/work.ts:11;/,
  );
});

test("fixText() says what to do about an operation, and nothing where none is to blame", () => {
  const fix = (changed: Partial<BlockCulprit>): string =>
    fixText({ ...report, culprits: [{ ...culprit, ...changed }] });
  const plain =
    "; fix: make the function plain, so that it runs on a thread, or await a call that does not block";
  assert.equal(fix({}), plain);
  assert.equal(fix({ certain: false }), plain);
  assert.equal(fix({ operation: "WEBSOCKET /rooms/:room message" }), plain);
  assert.equal(
    fix({ operation: "WEBSOCKET /rooms/:room" }),
    "; fix: await a plain task, which runs on a thread, or await a call that does not block",
  );
  assert.equal(fix({ operation: undefined }), "");
  assert.equal(fix({ oneOfMany: true }), "");
  assert.equal(fixText({ ...report, state: "starved", culprits: [] }), "");
});

test("liveText() says how long so far, and who waits", () => {
  assert.equal(
    liveText(112.3, "GET /hash", at, 3),
    "event loop blocked for 112 ms so far by GET /hash at /app/work.ts:11:20 (hash); 3 requests waiting",
  );
  assert.equal(
    liveText(112.3, "GET /hash", undefined, undefined),
    "event loop blocked for 112 ms so far by GET /hash",
  );
});
