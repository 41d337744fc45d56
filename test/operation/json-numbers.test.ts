import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { parseNumbers } from "../../src/operation/json-numbers.ts";
import { compileSchema } from "../../src/schema/validate.ts";

const limits = { maxMistakes: 100, maxEchoedChars: 1_024, strictTypes: true };
const long = `[${"7.0,".repeat(19_999)}7.0]`;
const { fractions } = parseNumbers(long, { hasBigints: false, strictTypes: true });
const list = z.array(z.number());

test("fractions of a long body are looked at in steps on the loop, and others get their turns between them", async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const mistakes = fractions?.mistakes(compileSchema(list, { ...limits, lane: "loop" }), ["body"]);
  assert.deepEqual(await mistakes, []);
  isOver = true;
  assert.ok(turns >= 10, `${turns} turns`);
});

test("fractions of a long body are looked at in one stretch on a thread, and those of a short one on the loop", () => {
  const onThread = compileSchema(z.array(z.int()), { ...limits, lane: "thread" });
  const found = fractions?.mistakes(onThread, ["body"]);
  assert.ok(Array.isArray(found));
  assert.equal(found.length, 101);
  const short = parseNumbers("[7.0]", { hasBigints: false, strictTypes: true });
  assert.deepEqual(short.fractions?.mistakes(compileSchema(list, { ...limits, lane: "loop" }), ["body"]), []);
});
