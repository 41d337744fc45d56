import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ValidationDetail } from "../errors/http-error.ts";
import { longFrom, mistakesOfAlternatives, triedFor } from "./check-cost.ts";
import { detailsOf, type Refused } from "./details.ts";
import { ItemCheck } from "./item-check.ts";
import { inputJsonSchema } from "./json-schema.ts";
import { type Mend, withMends } from "./repair.ts";
import { Shape } from "./shape.ts";
import { inSteps, type Steps } from "./steps.ts";
import { type CheckedSchema, type Validated, validate } from "./validate.ts";
import { viewsOf } from "./view.ts";

/** A value to check, and where it is. */
interface LongValue {
  readonly checked: CheckedSchema;
  readonly value: unknown;
  readonly loc: Refused["loc"];
}

/**
 * Validates a body with many values. Checks some at a time, until there are as many mistakes as will be reported; on
 * the loop, others get their turn in between. If everything fits so far, the body is checked as a whole, which is
 * quick.
 *
 * @throws {HTTPError} 413 when the alternatives of a union are too much work for a body of this length.
 */
export function validateLong(
  checked: CheckedSchema,
  value: unknown,
  loc: Refused["loc"],
): Validated | Promise<Validated> {
  return inSteps<Validated>(validateInSteps({ checked, value, loc }), checked.limits.lane);
}

/** The same, in steps. */
export function* validateInSteps(long: LongValue): Steps<Validated | Promise<Validated>> {
  const { checked, value, loc } = long;
  const check = new ItemCheck(checked.limits, longFrom(checked.schema));
  const isZod = checked.schema["~standard"].vendor === "zod";
  let mended = isZod
    ? yield* check.value(checked.schema as Parameters<ItemCheck["value"]>[0], value, loc)
    : value;
  if (check.isFull) return { details: check.details };
  if (!isZod || check.hasSkipped) {
    yield;
    const seen = yield* checkViews({ checked, value: mended, loc });
    if (seen.details.length > checked.limits.maxMistakes) return { details: seen.details };
    mended = seen.value;
  }
  yield;
  return validate(checked, mended, value, loc);
}

/**
 * Returns the value with whatever could be repaired, and the mistakes that are certain; stops when
 * there are enough of them.
 */
function* checkViews({
  checked,
  value,
  loc,
}: LongValue): Steps<{ value: unknown; details: ValidationDetail[] }> {
  const { schema, limits, repair } = checked;
  const root = inputJsonSchema(schema);
  const details: ValidationDetail[] = [];
  const mends: Mend[] = [];
  let tried = 0;
  for (const view of viewsOf(value, Shape.of(root ?? {}), longFrom(schema))) {
    const result = schema["~standard"].validate(view.value);
    if (result instanceof Promise) return unchecked(result, value);
    if (result.issues === undefined) {
      yield;
      continue;
    }
    const mended = repair(view.value, result.issues);
    const again = Object.is(mended, view.value) ? result : schema["~standard"].validate(mended);
    if (again instanceof Promise) return unchecked(again, value);
    tried += mistakesOfAlternatives(result.issues);
    triedFor(tried, value);
    for (const change of view.changes(mended)) mends.push(change);
    const issues = (again.issues ?? []).flatMap((issue) => view.issueInWhole(issue) ?? []);
    for (const detail of detailsOf(issues, { ...checked, input: value, loc })) details.push(detail);
    if (details.length > limits.maxMistakes) break;
    yield;
  }
  return { value: mends.length === 0 ? value : withMends(value, mends), details };
}

/** Asynchronous checks are left to the check of the whole. */
function unchecked(
  result: Promise<StandardSchemaV1.Result<unknown>>,
  value: unknown,
): { value: unknown; details: ValidationDetail[] } {
  result.catch(() => undefined);
  return { value, details: [] };
}
