import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ValidationDetail } from "../errors/http-error.ts";
import type { Repair } from "./repair.ts";
import type { AnySchema } from "./schema.ts";

/** What came of a validation: a value, or what is wrong. */
export type Validated =
  | { readonly value: unknown; readonly details?: undefined; readonly issues?: undefined }
  | { readonly details: ValidationDetail[] };

type Loc = readonly (string | number)[];

/**
 * Validates one input. Stays synchronous when the schema is, so that the common case costs no promise.
 *
 * @param value - What the schema sees, coerced.
 * @param input - What was sent, shown to the client.
 * @param loc - Where the input stands: `["query", "limit"]`.
 * @param repair - Mends what can be mended when the schema refuses the value; it is then asked once more.
 */
export function validate(
  schema: AnySchema,
  value: unknown,
  input: unknown,
  loc: Loc,
  repair: Repair,
): Validated | Promise<Validated> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) return result.then((late) => judge(late, schema, value, input, loc, repair));
  return result.issues === undefined ? result : judge(result, schema, value, input, loc, repair);
}

function judge(
  result: StandardSchemaV1.Result<unknown>,
  schema: AnySchema,
  value: unknown,
  input: unknown,
  loc: Loc,
  repair: Repair,
): Validated | Promise<Validated> {
  if (result.issues === undefined) return result;
  const mended = repair(value, result.issues);
  if (Object.is(mended, value)) return verdict(result, input, loc);
  const again = schema["~standard"].validate(mended);
  return again instanceof Promise
    ? again.then((late) => verdict(late, input, loc))
    : verdict(again, input, loc);
}

function verdict(result: StandardSchemaV1.Result<unknown>, input: unknown, loc: Loc): Validated {
  if (result.issues === undefined) return { value: result.value };
  return { details: [...result.issues].flatMap((issue) => detailsOf(issue as LibraryIssue, input, loc)) };
}

/** What libraries add to the standard's issue: zod and valibot name the kind of mistake, zod the extra keys. */
type LibraryIssue = StandardSchemaV1.Issue & {
  readonly code?: unknown;
  readonly type?: unknown;
  readonly keys?: unknown;
};

function detailsOf(issue: LibraryIssue, input: unknown, loc: Loc): ValidationDetail[] {
  // arktype's paths are arrays of a class of their own, whose map() gives another path.
  const path = Array.from(issue.path ?? [], segment);
  if (issue.code === "unrecognized_keys" && Array.isArray(issue.keys)) {
    const owner = valueAt(input, path) as Record<string, unknown> | undefined;
    return issue.keys.map((key: string) => ({
      type: "extra_forbidden",
      loc: [...loc, ...path, key],
      msg: "Extra inputs are not permitted",
      input: owner?.[key],
    }));
  }
  if (issue.code === "invalid_key") {
    const key = path.at(-1);
    return [{ type: "invalid_key", loc: [...loc, ...path, "[key]"], msg: issue.message, input: key }];
  }
  // A rule of the user's own (zod's "custom") may point at an absent field without the field being required.
  if (issue.code !== "custom" && valueAt(input, path) === undefined) {
    const owner = path.length === 0 ? null : valueAt(input, path.slice(0, -1));
    return [{ type: "missing", loc: [...loc, ...path], msg: "Field required", input: owner ?? null }];
  }
  return [{ type: kindOf(issue), loc: [...loc, ...path], msg: issue.message, input: valueAt(input, path) }];
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof part === "object" ? part.key : part;
  return typeof key === "symbol" ? String(key) : key;
}

function valueAt(input: unknown, path: Loc): unknown {
  let value = input;
  for (const key of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

function kindOf({ code, type }: LibraryIssue): string {
  if (typeof code === "string") return code;
  return typeof type === "string" ? type : "value_error";
}
