import type { StandardSchemaV1 } from "@standard-schema/spec";
import { coercionOf } from "./coerce.ts";
import { branches, branchesAt, inputJsonSchema, type JsonSchema } from "./json-schema.ts";
import type { AnySchema } from "./schema.ts";

/** Mends, in a copy, what a schema refused but pydantic's lax mode would take. Gives the same value when there is nothing. */
export type Repair = (value: unknown, issues: readonly StandardSchemaV1.Issue[]) => unknown;

/**
 * Makes the repair of a schema's refused values: `"50.5"` where a number is expected, `"2026-01-31"` where a `Date`
 * is, a list where a `Set` is.
 * It is asked only when validation has failed, so that what fits costs nothing, and it looks only at what was refused.
 */
export function createRepair(schema: AnySchema): Repair {
  let json: JsonSchema | null | undefined;
  return (value, issues) => {
    json ??= inputJsonSchema(schema) ?? null;
    if (json === null) return value;
    const root = json;
    return issues.reduce((mended, issue) => repairIssue(mended, issue, [], root), value);
  };
}

type Keys = readonly PropertyKey[];

/** zod says of a union what each of its alternatives refused. Under the same name, arktype says something else. */
type UnionIssue = StandardSchemaV1.Issue & { readonly errors?: readonly unknown[] };

function repairIssue(value: unknown, issue: UnionIssue, outer: Keys, root: JsonSchema): unknown {
  const { path = [], errors = [] } = issue;
  const keys = [...outer, ...Array.from(path, (part) => (typeof part === "object" ? part.key : part))];
  if (keys.some((key) => typeof key === "symbol")) return value;
  const mended = repairAt(value, keys as (string | number)[], [root], root, containerOf(issue));
  if (!Object.is(mended, value)) return mended;
  for (const issues of errors) {
    if (!Array.isArray(issues)) break;
    const fitting = repairAlternative(value, issues, keys, root);
    if (fitting !== undefined) return fitting;
  }
  return value;
}

/** An alternative counts only when all that it refused can be mended. */
function repairAlternative(
  value: unknown,
  issues: readonly UnionIssue[],
  outer: Keys,
  root: JsonSchema,
): unknown {
  let repaired = value;
  for (const issue of issues) {
    const mended = repairIssue(repaired, issue, outer, root);
    if (Object.is(mended, repaired)) return undefined;
    repaired = mended;
  }
  return repaired;
}

function repairAt(
  value: unknown,
  [key, ...rest]: readonly (string | number)[],
  candidates: readonly JsonSchema[],
  root: JsonSchema,
  container: Container | undefined,
): unknown {
  if (key === undefined) {
    const leaves = candidates.flatMap((one) => branches(one, root));
    return fill(container, value, leaves, root) ?? repairLeaf(value, leaves, root);
  }
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return value;
  const inner = (value as Record<string | number, unknown>)[key];
  const mended = repairAt(
    inner,
    rest,
    candidates.flatMap((one) => branchesAt(one, key, root)),
    root,
    container,
  );
  if (Object.is(mended, inner)) return value;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  (copy as Record<string | number, unknown>)[key] = mended;
  return copy;
}

type Container = "set" | "map";

/** What JSON has no word for, when it was expected: zod and valibot say so in their own spelling, arktype in a phrase. */
function containerOf(issue: StandardSchemaV1.Issue): Container | undefined {
  const { expected } = issue as { readonly expected?: unknown };
  const word = typeof expected === "string" ? /\b(?:set|map)\b/.exec(expected.toLowerCase())?.[0] : undefined;
  return word as Container | undefined;
}

/** A set of a list, a map of an object; undefined when neither is expected. */
function fill(
  container: Container | undefined,
  value: unknown,
  [json = {}]: readonly JsonSchema[],
  root: JsonSchema,
): unknown {
  if (container === "set" && Array.isArray(value)) return new Set(coercionOf(json, root)(value) as unknown[]);
  if (container !== "map" || value === null || typeof value !== "object" || Array.isArray(value))
    return undefined;
  const { additionalProperties } = json;
  const coerce =
    typeof additionalProperties === "object"
      ? coercionOf(additionalProperties, root)
      : (item: unknown) => item;
  return new Map(Object.entries(value).map(([key, item]) => [key, coerce(item)]));
}

function repairLeaf(value: unknown, candidates: readonly JsonSchema[], root: JsonSchema): unknown {
  for (const candidate of candidates) {
    const mended = repairAs(value, candidate, root);
    if (!Object.is(mended, value)) return mended;
  }
  return value;
}

function repairAs(value: unknown, json: JsonSchema, root: JsonSchema): unknown {
  if (typeof value === "string")
    return json.format?.startsWith("date") === true
      ? toDate(value)
      : json.type === "array"
        ? value
        : coercionOf(json, root)(value);
  if (typeof value === "number") {
    if (json.format === "int64" && Number.isSafeInteger(value)) return BigInt(value);
    if (json.type === "boolean" && (value === 0 || value === 1)) return value === 1;
  }
  // What a database gives as a Date is sent as text.
  if (value instanceof Date && json.type === "string") return value.toJSON() ?? value;
  return value;
}

function toDate(text: string): unknown {
  const date = new Date(text);
  return /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(date.getTime()) ? date : text;
}
