import assert from "node:assert/strict";
import { test } from "node:test";
import { Piles } from "../../../src/inspector/page/piles.ts";
import type { Row } from "../../../src/inspector/page/rows.ts";
import type { Area, Scene } from "../../../src/inspector/page/scene.ts";

// A pixel is a millisecond, so that a column is 100 ms.
const area: Area = { left: 0, top: 0, width: 1000, height: 200, ratio: 1 };
const loop: Row = { lane: 0, top: 0, height: 56, slots: 1, gone: false };
const thread: Row = { lane: 2, top: 60, height: 22, slots: 1, gone: false };

/** The counts that are drawn of short runs that started then, and the middle of each. */
function drawn(row: Row, starts: readonly number[], block?: { at: number; durationMs: number }): unknown[] {
  const incidents = {
    list: block === undefined ? [] : [{ ...block, lane: row.lane, group: "slow" }],
    groups: new Map([["slow", { kind: "blocked" }]]),
  };
  const scene = {
    store: { incidents },
    stretch: { from: 0, to: 1000 },
    now: 5000,
    palette: { raised: "white", ink: "black" },
  } as unknown as Scene;
  const texts: unknown[] = [];
  const canvas = {
    save() {},
    restore() {},
    beginPath() {},
    roundRect() {},
    fill() {},
    measureText: (text: string) => ({ width: text.length * 6 }),
    fillText: (text: string, x: number) => texts.push([text, x]),
  } as unknown as CanvasRenderingContext2D;
  const piles = new Piles(area, scene);
  for (const start of starts) piles.count(row, start, 1);
  piles.draw(canvas);
  return texts;
}

const after = (first: number): number[] => Array.from({ length: 5 }, (_, at) => first + at);

test("Piles counts where the runs are, in its own column", () => {
  assert.deepEqual(drawn(thread, after(130)), [["×5", 132]]);
  assert.deepEqual(drawn(thread, after(101)), [["×5", 110]]);
  assert.deepEqual(drawn(thread, after(195)), [["×5", 190]]);
  assert.deepEqual(drawn(thread, after(130).slice(1)), []);
});

test("Piles counts nothing in a column that has begun to leave the view, nor where the loop was blocked", () => {
  assert.deepEqual(drawn(thread, after(-20)), []);
  assert.deepEqual(drawn(loop, after(130), { at: 300, durationMs: 50 }), [["×5", 132]]);
  assert.deepEqual(drawn(loop, after(130), { at: 140, durationMs: 50 }), []);
});
