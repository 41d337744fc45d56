import assert from "node:assert/strict";
import { test } from "node:test";
import { inputBounds } from "../../src/app/settings/input-settings.ts";
import { resolveSettings } from "../../src/app/settings/settings.ts";
import { ValidationError } from "../../src/errors/http-error.ts";
import { readBody } from "../../src/operation/body.ts";
import { errorReply } from "../../src/operation/error-reply.ts";
import type { RawRequest } from "../../src/operation/raw.ts";
import { withinLimit } from "../../src/schema/details.ts";
import { validateInSteps } from "../../src/schema/long-values.ts";
import { type CheckedSchema, compileSchema } from "../../src/schema/validate.ts";
import { leastCpu } from "./cost.ts";
import { loopBounds, type WorstBody, worstBodies } from "./worst-bodies.ts";

const bounds = inputBounds(resolveSettings().inputs, "loop");
const rules = { strictContentType: true, bounds, hasBigints: true };

/**
 * The longest turn of the loop, in microseconds, that an async operation takes for a body, its answer to a wrong one
 * included: the least of several times.
 */
function longestTurn({ schema, json }: WorstBody): number {
  const checked = compileSchema(schema, bounds);
  const headers = ["content-type", "application/json"];
  const request = { headers, body: new TextEncoder().encode(json(loopBounds)) } as unknown as RawRequest;
  return Math.min(...Array.from({ length: 3 }, () => Math.max(...turns(request, checked))));
}

function* turns(request: RawRequest, checked: CheckedSchema): Generator<number> {
  let start = process.threadCpuUsage();
  const turn = (): number => {
    const { user, system } = process.threadCpuUsage(start);
    start = process.threadCpuUsage();
    return user + system;
  };
  try {
    const { value } = readBody(request, rules);
    const steps = validateInSteps({ checked, value, loc: ["body"] });
    let step = steps.next();
    for (; !step.done; step = steps.next()) yield turn();
    const { details } = step.value as { details?: [] };
    if (details !== undefined) throw new ValidationError(withinLimit(details, bounds), value);
  } catch (error) {
    errorReply(error);
  }
  yield turn();
}

/** What V8 alone takes to parse the most that the loop would parse without a bound on values. */
const emptyLists = `[${"[],".repeat(349_000)}[]]`;
const parsing = leastCpu(() => JSON.parse(emptyLists) as unknown);
const MAX_RATIO = 5;

for (const [name, worst] of Object.entries(worstBodies))
  test(`worst body: ${name}: no turn of the loop costs more than parsing a few times as much`, () => {
    const ratio = longestTurn(worst) / parsing;
    assert.ok(ratio < MAX_RATIO, `${ratio.toFixed(1)} times`);
  });
