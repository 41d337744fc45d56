import assert from "node:assert/strict";
import { test } from "node:test";
import { nameThatFits } from "../../../src/inspector/page/bars.ts";

const measure = (text: string): number => text.length * 6;

test("nameThatFits() gives the name, its path alone, the beginning of that, or nothing that could not be read", () => {
  const name = "GET /orders/:order_id";
  assert.equal(nameThatFits(name, 200, measure), name);
  assert.equal(nameThatFits(name, 110, measure), "/orders/:order_id");
  assert.equal(nameThatFits(name, 70, measure), "/orders/:o…");
  assert.equal(nameThatFits(name, 50, measure), "");
  assert.equal(nameThatFits("GET /", 50, measure), "GET /");
});
