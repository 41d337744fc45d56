import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Coerce, coercionOf, parseDate } from "./coerce.ts";
import { inputJsonSchema, type JsonSchema } from "./json-schema.ts";
import { isOwnRule, wordingOf } from "./library-issue.ts";
import { isReplaced, issuesWithInputs } from "./preprocess.ts";
import type { AnySchema } from "./schema.ts";
import { Shape } from "./shape.ts";

/**
 * Repairs, in a copy, what a schema refused but pydantic would accept: in its lax mode, or in its strict mode for JSON.
 * What a rule of the user's has refused stays refused. Returns the same value when there is nothing to repair.
 */
export type Repair = (value: unknown, issues: readonly StandardSchemaV1.Issue[]) => unknown;

/**
 * How often a value is repaired: a set or a map has to be made before its library says what is wrong in it, and there
 * may be another one in it.
 */
export const MAX_REPAIRS = 3;

/** How much is made of a value. */
export interface RepairMode {
  /** Only what JSON lacks: a `Date` of a text, a `Set` of a list, a `Map` of an object, a bigint of an integer. */
  readonly strictTypes: boolean;
}

/**
 * Makes the repair of a schema's refused values: `"50.5"` where a number is expected, unless types are strict,
 * `"2026-01-31"` where a `Date` is, a list where a `Set` is. It runs only when validation has failed, so that valid
 * input costs nothing, and looks only at what was refused.
 */
export function createRepair(schema: AnySchema, mode: RepairMode): Repair {
  return (value, issues) => createRepairOfMany(schema, mode)(value, issues);
}

/**
 * The same for many values of one request. Nothing is cached: with a recursive schema, the client determines how much
 * there would be.
 */
export function createRepairOfMany(schema: AnySchema, { strictTypes }: RepairMode): Repair {
  const root = inputJsonSchema(schema);
  if (root === undefined) return (value) => value;
  const outer: Outer = { keys: [], shape: Shape.of(root) };
  return (value, issues) => {
    const mends: Mend[] = [];
    const search: Search = { whole: value, strictTypes, tries: 0 };
    for (const issue of issuesWithInputs(schema, value, issues)) mends.push(...mendsOf(search, issue, outer));
    const [first] = mends;
    if (first === undefined) return value;
    return first.keys.length === 0 ? first.value : withMends(value, mends);
  };
}

/** The replacement for a refused value at a place. */
export interface Mend {
  readonly keys: readonly (string | number)[];
  readonly value: unknown;
}

/**
 * How many union alternatives to try for one value. With nested unions, their number doubles at each level: a body of
 * 20 levels had a million.
 */
const MAX_TRIES = 5_000;

/** One search for what can be repaired in a value. */
interface Search extends RepairMode {
  readonly whole: unknown;
  tries: number;
}

/** The place that the paths of issues are relative to. */
interface Outer {
  readonly keys: readonly (string | number)[];
  readonly shape: Shape;
}

/** For a union, zod reports what each of its alternatives refused. arktype uses the same name for something else. */
type UnionIssue = StandardSchemaV1.Issue & { readonly errors?: readonly unknown[] };

/** The repairs of an issue; none when it cannot be repaired. */
function mendsOf(search: Search, issue: UnionIssue, outer: Outer): Mend[] {
  const { path = [], errors = [] } = issue;
  const keys = [...outer.keys];
  let { shape } = outer;
  let value = search.whole;
  for (const key of outer.keys) value = innerOf(value as object, key);
  for (const part of path) {
    if (value instanceof Set) break; // whatever it says, it is no place in the set
    const key = typeof part === "object" ? part.key : part;
    if (typeof key === "symbol" || key === "__proto__") return [];
    if (value === null || typeof value !== "object" || !hasInner(value, key)) return [];
    keys.push(key);
    shape = shape.at(key);
    value = innerOf(value, key);
  }
  if (isOwnRule(issue, value, shape)) return [];
  const wanted: Wanted = { expected: expectationOf(issue), strictTypes: search.strictTypes };
  if (!(value instanceof Set) && isReplaced(issue, value)) {
    // What the user has made of the value has to be such as would be repaired.
    const { input } = issue as { readonly input?: unknown };
    if (Object.is(mendedLeaf(input, shape, wanted), input)) return [];
  }
  const mended = mendedLeaf(value, shape, wanted);
  return Object.is(mended, value)
    ? mendsOfAlternative(search, errors, { keys, shape })
    : [{ keys, value: mended }];
}

/** An alternative counts only when everything it refused can be repaired. */
function mendsOfAlternative(search: Search, alternatives: readonly unknown[], outer: Outer): Mend[] {
  for (const issues of alternatives) {
    if (!Array.isArray(issues) || ++search.tries > MAX_TRIES) break;
    const mends: Mend[] = [];
    const isMended = issues.every((issue: UnionIssue) => {
      const found = mendsOf(search, issue, outer);
      mends.push(...found);
      return found.length > 0;
    });
    if (isMended) return mends;
  }
  return [];
}

/** Copies each container once, however much in it is repaired. */
export function withMends(whole: unknown, mends: readonly Mend[]): unknown {
  const root = { value: whole };
  const copies = new Set<unknown>([root]);
  for (const { keys, value } of mends) {
    let owner: object = root;
    let last: string | number = "value";
    for (const key of keys) {
      const inner = innerOf(owner, last) as object;
      const copy = copies.has(inner) ? inner : copyOf(inner);
      copies.add(copy);
      setInner(owner, last, copy);
      owner = copy;
      last = key;
    }
    setInner(owner, last, value);
  }
  return root.value;
}

/** An earlier repair may have made a map. */
function hasInner(owner: object, key: string | number): boolean {
  return owner instanceof Map ? owner.has(key) : Object.hasOwn(owner, key);
}

function innerOf(owner: object, key: string | number): unknown {
  return owner instanceof Map ? owner.get(key) : (owner as Record<string | number, unknown>)[key];
}

function setInner(owner: object, key: string | number, value: unknown): void {
  if (owner instanceof Map) owner.set(key, value);
  else (owner as Record<string | number, unknown>)[key] = value;
}

function copyOf(owner: object): object {
  if (owner instanceof Map) return new Map(owner);
  return Array.isArray(owner) ? [...owner] : { ...owner };
}

type Expectation = "set" | "map" | "date";

/**
 * The expected type, if JSON cannot express it: zod and valibot name it in their own spelling, arktype in a phrase, in
 * which a `Date` among others is an object.
 */
function expectationOf(issue: StandardSchemaV1.Issue): Expectation | undefined {
  const expected = wordingOf(issue, "expected");
  if (expected === undefined || expected.length > 1_000 || !/set|map|date|object/i.test(expected))
    return undefined;
  for (const part of expected.toLowerCase().split(/[|,()]| or /)) {
    const word = part.trim().replace(/^an? /, "");
    if (word === "set" || word === "map" || word === "date") return word;
    if (word === "object") return "date";
  }
  return undefined;
}

/** What an issue says, and how much to make of the value it is about. */
interface Wanted extends RepairMode {
  readonly expected: Expectation | undefined;
}

function mendedLeaf(value: unknown, shape: Shape, wanted: Wanted): unknown {
  if (value instanceof Set) return mendedItems(value, shape.at(0), wanted);
  const { alternatives, root } = shape;
  const special = wanted.expected === "date" ? toDate(value, alternatives) : fill(wanted, value, shape);
  if (special !== undefined) return special;
  for (const alternative of alternatives) {
    const mended = wanted.strictTypes ? asWritten(value, alternative) : repairAs(value, alternative, root);
    if (!Object.is(mended, value)) return mended;
  }
  return value;
}

/** No library says which item of a set it has refused, only what it expected. */
function mendedItems(items: Set<unknown>, shape: Shape, wanted: Wanted): Set<unknown> {
  const mended = [...items].map((item) => (item instanceof Date ? item : mendedLeaf(item, shape, wanted)));
  const isMended = [...items].some((item, index) => !Object.is(item, mended[index]));
  return isMended ? new Set(mended) : items;
}

/** Undefined when no date is expected, or the value is not one. */
function toDate(value: unknown, alternatives: readonly JsonSchema[]): Date | undefined {
  return typeof value === "string" && alternatives.some(isDate) ? parseDate(value) : undefined;
}

function isDate({ format }: JsonSchema): boolean {
  return format?.startsWith("date") === true;
}

/** Makes a set from a list, or a map from an object; undefined when neither is expected. */
function fill(
  { expected, strictTypes }: Wanted,
  value: unknown,
  { alternatives: [json = {}], root }: Shape,
): unknown {
  if (expected === "set" && Array.isArray(value))
    return new Set(strictTypes ? value : (coercionOf(json, root)(value) as unknown[]));
  if (expected !== "map" || value === null || typeof value !== "object" || Array.isArray(value))
    return undefined;
  const { additionalProperties } = json;
  const coerce =
    typeof additionalProperties === "object" && !strictTypes
      ? coercionOf(additionalProperties, root)
      : (item: unknown) => item;
  return new Map(Object.entries(value).map(([key, item]) => [key, coerce(item)]));
}

function repairAs(value: unknown, json: JsonSchema, root: JsonSchema): unknown {
  if (typeof value === "string")
    return isDate(json) || json.type === "array" ? value : coercionFor(json, root)(value);
  if (json.type === "boolean" && (value === 0 || value === 1)) return value === 1;
  if (typeof value === "boolean" && isNumeric(json))
    return json.format === "int64" ? BigInt(value) : Number(value);
  // A Date from a database is sent as text.
  if (value instanceof Date && json.type === "string") return value.toJSON() ?? value;
  return asWritten(value, json);
}

/** A number in the type that the schema has for it: with a bigint in it, a body is read with all its digits. */
function asWritten(value: unknown, json: JsonSchema): unknown {
  if (json.format === "int64") return Number.isSafeInteger(value) ? BigInt(value as number) : value;
  return typeof value === "bigint" && isNumeric(json) ? Number(value) : value;
}

const coercions = new WeakMap<JsonSchema, Coerce>();

function coercionFor(json: JsonSchema, root: JsonSchema): Coerce {
  let coerce = coercions.get(json);
  if (coerce === undefined) {
    coerce = coercionOf(json, root);
    coercions.set(json, coerce);
  }
  return coerce;
}

function isNumeric({ type }: JsonSchema): boolean {
  return type === "number" || type === "integer";
}
