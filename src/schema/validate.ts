import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ValidationDetail } from "../errors/http-error.ts";
import { type CheckLimits, detailsOf, type Refused } from "./details.ts";
import { createRepair, MAX_REPAIRS, type Repair } from "./repair.ts";
import type { AnySchema } from "./schema.ts";

/** The result of a validation: a value, or what is wrong. */
export type Validated =
  | { readonly value: unknown; readonly details?: undefined; readonly issues?: undefined }
  | { readonly details: ValidationDetail[] };

/** A schema, with everything that is computed from it once. */
export interface CheckedSchema {
  readonly schema: AnySchema;
  /** Repairs what it can when the schema refuses a value; the schema then checks the value once more. */
  readonly repair: Repair;
  readonly limits: CheckLimits;
  /** The names of the value's own keys in the request, where they differ there. */
  readonly wireNames?: ReadonlyMap<string, string> | undefined;
}

/** Prepares a schema for checking values. */
export function compileSchema(schema: AnySchema, limits: CheckLimits): CheckedSchema {
  return { schema, repair: createRepair(schema, limits), limits };
}

/**
 * Validates one input. Stays synchronous when the schema is, so that the common case costs no promise.
 *
 * @param value - The coerced value, which the schema sees.
 * @param input - The value as sent, shown to the client.
 * @param loc - Where the input is: `["query", "limit"]`.
 */
export function validate(
  checked: CheckedSchema,
  value: unknown,
  input: unknown,
  loc: Refused["loc"],
): Validated | Promise<Validated> {
  const result = checked.schema["~standard"].validate(value);
  if (!(result instanceof Promise) && result.issues === undefined) return result;
  const sent: Sent = { input, loc, repairs: 0 };
  return result instanceof Promise
    ? result.then((late) => judge(late, value, checked, sent))
    : judge(result, value, checked, sent);
}

/** What was sent, and how often it has been repaired. */
type Sent = Pick<Refused, "input" | "loc"> & { readonly repairs: number };

function judge(
  result: StandardSchemaV1.Result<unknown>,
  value: unknown,
  checked: CheckedSchema,
  sent: Sent,
): Validated | Promise<Validated> {
  if (result.issues === undefined) return result;
  const mended = sent.repairs === MAX_REPAIRS ? value : checked.repair(value, result.issues);
  if (Object.is(mended, value)) return verdict(result, checked, sent);
  const again = checked.schema["~standard"].validate(mended);
  const next: Sent = { ...sent, repairs: sent.repairs + 1 };
  return again instanceof Promise
    ? again.then((late) => judge(late, mended, checked, next))
    : judge(again, mended, checked, next);
}

function verdict(
  { issues }: StandardSchemaV1.FailureResult,
  checked: CheckedSchema,
  { input, loc }: Sent,
): Validated {
  return { details: detailsOf(issues, { ...checked, input, loc }) };
}
