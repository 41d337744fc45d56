import assert from "node:assert/strict";
import { test } from "node:test";
import { inputBounds } from "../../src/app/input-settings.ts";
import { resolveSettings } from "../../src/app/settings.ts";
import { ValidationError } from "../../src/errors/http-error.ts";
import { readBody } from "../../src/operation/body.ts";
import { errorReply } from "../../src/operation/error-reply.ts";
import type { RawRequest } from "../../src/operation/raw.ts";
import { withinLimit } from "../../src/schema/details.ts";
import { validateLong } from "../../src/schema/long-lists.ts";
import { compileSchema } from "../../src/schema/validate.ts";
import { leastCpu } from "./cost.ts";
import { type WorstBody, worstBodies } from "./worst-bodies.ts";

const bounds = inputBounds(resolveSettings().inputs, "loop");
const rules = { strictContentType: true, bounds, hasBigints: true };

/** What an async operation does with a body on the event loop, its answer to a wrong one included. */
function answering({ schema, json }: WorstBody): () => unknown {
  const checked = compileSchema(schema, bounds);
  const headers = ["content-type", "application/json"];
  const request = { headers, body: new TextEncoder().encode(json) } as unknown as RawRequest;
  return () => {
    try {
      const { value } = readBody(request, rules);
      const { details } = validateLong(checked, value, ["body"]) as { details?: [] };
      if (details !== undefined) throw new ValidationError(withinLimit(details, bounds), value);
      return value;
    } catch (error) {
      return errorReply(error);
    }
  };
}

/** What V8 alone takes to parse the most that the loop would parse without a bound on values. */
const emptyLists = `[${"[],".repeat(349_000)}[]]`;
const parsing = leastCpu(() => JSON.parse(emptyLists) as unknown);
/** arktype tells its mistakes in five times the time, and cannot be told to stop. */
const maxRatio = (name: string): number => (name.startsWith("arktype") ? 28 : 14);

for (const [name, worst] of Object.entries(worstBodies))
  test(`worst body: ${name}: costs the loop no more than parsing a few times as much`, () => {
    const ratio = leastCpu(answering(worst)) / parsing;
    assert.ok(ratio < maxRatio(name), `${ratio.toFixed(1)} times`);
  });
