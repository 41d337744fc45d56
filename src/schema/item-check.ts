import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ValidationDetail } from "../errors/http-error.ts";
import { countTo, triedFor } from "./check-cost.ts";
import { type CheckLimits, detailsOf, type Refused } from "./details.ts";
import { createRepairOfMany, MAX_REPAIRS, type Repair } from "./repair.ts";
import type { AnySchema } from "./schema.ts";
import type { Steps } from "./steps.ts";
import { type ZodDefinition, type ZodSchema, zodInternals } from "./zod.ts";

/** How many alternatives to try on a long value: with nested unions, their number doubles at each level. */
const MAX_TRIES = 100;

/**
 * One body on its way through the check of its items. A library records a mistake for every item that does not fit,
 * however many there are, and ten million of them bring down a process. So list items are checked one by one, as far as
 * zod says what they are, until there are as many mistakes as will be reported. Values that fit are checked again with
 * the whole.
 */
export class ItemCheck {
  readonly details: ValidationDetail[] = [];
  /** Whether it met a long value whose items zod does not describe. */
  hasSkipped = false;
  readonly #limits: CheckLimits;
  readonly #longFrom: number;
  readonly #repairs = new Map<AnySchema, Repair>();
  readonly #search: { tries: number };
  #isRefused = false;
  /** How many values it has looked at. */
  #seen = 0;

  /**
   * @param longFrom - From how many values on a value is no longer checked in one piece.
   * @param outer - The check that tries an alternative with this one.
   */
  constructor(limits: CheckLimits, longFrom: number, outer?: ItemCheck) {
    this.#limits = limits;
    this.#longFrom = longFrom;
    this.#search = outer === undefined ? { tries: 0 } : outer.#search;
  }

  /**
   * Whether the whole is refused without being checked: because there are more mistakes than are reported, or because
   * refusal is already certain.
   */
  get isFull(): boolean {
    return this.#isRefused || this.details.length > this.#limits.maxMistakes;
  }

  /** Returns the value with the items of its lists repaired; a copy where there was something to repair. */
  *value(schema: ZodSchema, value: unknown, loc: Refused["loc"]): Steps<unknown> {
    if (value === null || typeof value !== "object" || this.isFull) return value;
    const definition = zodInternals(schema)?.def;
    switch (definition?.type) {
      case "object":
        return yield* this.#fields(definition, value, loc);
      case "record":
      case "map":
        return Array.isArray(value) ? value : yield* this.#items(value, loc, () => definition.valueType);
      case "array":
      case "set":
      case "tuple":
        return Array.isArray(value)
          ? yield* this.#items(value, loc, (key) => itemOf(definition, key))
          : value;
      case "intersection": {
        const left = yield* this.#inner(definition.left, value, loc);
        return yield* this.#inner(definition.right, left, loc);
      }
      case "union":
        return yield* this.#alternatives(schema, value, loc);
      case "catch":
        return yield* this.#caught(definition, value, loc);
      default:
        return yield* this.#inner(definition && innerOf(definition), value, loc);
    }
  }

  #skipped(value: unknown): unknown {
    this.hasSkipped = true;
    return value;
  }

  #isLong(value: unknown): boolean {
    return countTo(this.#longFrom, value) > this.#longFrom;
  }

  *#inner(schema: ZodSchema | undefined, value: unknown, loc: Refused["loc"]): Steps<unknown> {
    if (schema !== undefined) return yield* this.value(schema, value, loc);
    this.hasSkipped ||= this.#isLong(value);
    return value;
  }

  /** An object has only as many fields as its schema: only long values in them are examined. */
  *#fields({ shape = {} }: ZodDefinition, value: object, loc: Refused["loc"]): Steps<unknown> {
    let copy = value as Record<string, unknown>;
    for (const [name, field] of Object.entries(shape)) {
      const inner = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      if (!this.#isLong(inner)) continue;
      const mended = yield* this.value(field, inner, [...loc, name]);
      if (Object.is(mended, inner)) continue;
      if (copy === value) copy = { ...copy };
      copy[name] = mended;
    }
    return copy;
  }

  *#items(
    list: object,
    loc: Refused["loc"],
    itemAt: (key: number | string) => ZodSchema | undefined,
  ): Steps<unknown> {
    const keys = Array.isArray(list) ? undefined : Object.keys(list);
    const items: readonly unknown[] = Array.isArray(list) ? list : Object.values(list);
    const mended: unknown[] = [];
    let isMended = false;
    for (let index = 0, count = 0; index < items.length && !this.isFull; index++) {
      const key = keys?.[index] ?? index;
      const item = items[index];
      const schema = itemAt(key);
      const size = countTo(this.#longFrom, item);
      let result = item;
      if (schema !== undefined && size > this.#longFrom)
        result = yield* this.value(schema, item, [...loc, key]);
      else if (schema !== undefined) result = this.#item(schema, item, loc, key);
      if (!Object.is(result, item)) isMended = true;
      mended.push(result);
      this.#seen += size;
      count += size;
      if (count < this.#longFrom) continue;
      count = 0;
      yield;
    }
    if (!isMended || this.isFull) return list;
    return keys === undefined ? mended : keyed(keys, mended);
  }

  /** Tries the alternatives one by one, each until it is certain not to fit. */
  *#alternatives(schema: ZodSchema, value: object, loc: Refused["loc"]): Steps<unknown> {
    const options = optionsFor(schema._zod.def, value);
    if (options.length === 1) return yield* this.#inner(options[0], value, loc);
    if (!this.#isLong(value)) return value;
    let tried = 0;
    let mended: unknown = value;
    for (const option of options) {
      if (++this.#search.tries > MAX_TRIES) return this.#skipped(value);
      const check = new ItemCheck(this.#limits, this.#longFrom, this);
      yield;
      const result = yield* check.value(option, value, loc);
      this.hasSkipped ||= check.hasSkipped;
      if (check.isFull) tried += check.#mistakesIn(value);
      else if (check.details.length === 0 && Object.is(result, value)) return triedFor(tried, value);
      else if (check.details.length === 0 && Object.is(mended, value)) mended = result;
      else tried = Number.NEGATIVE_INFINITY; // few mistakes: the check of the whole reports them
    }
    if (tried > 0 && Object.is(mended, value)) this.#refuse(schema, value, loc);
    return Object.is(mended, value) ? value : triedFor(tried, mended);
  }

  /** A mistake inside a `catch` does not count, but zod examines the value all the same. */
  *#caught({ innerType }: ZodDefinition, value: object, loc: Refused["loc"]): Steps<unknown> {
    if (innerType === undefined || !this.#isLong(value)) return value;
    const check = new ItemCheck(this.#limits, this.#longFrom, this);
    const mended = yield* check.value(innerType, value, loc);
    if (check.isFull) return triedFor(check.#mistakesIn(value), value);
    return check.details.length === 0 ? mended : value;
  }

  /** Estimates how many mistakes a library would record for all of a value, from the part that was examined. */
  #mistakesIn(value: unknown): number {
    const count = countTo(Number.POSITIVE_INFINITY, value);
    return (this.details.length / Math.max(1, this.#seen)) * count;
  }

  #refuse(schema: AnySchema, input: unknown, loc: Refused["loc"]): void {
    const issue = { code: "invalid_union", message: "Invalid input", path: [] };
    this.details.push(...detailsOf([issue], { schema, limits: this.#limits, input, loc }));
    this.#isRefused = true;
  }

  /** Asynchronous checks are left to the check of the whole. */
  #item(schema: ZodSchema, item: unknown, loc: Refused["loc"], key: string | number): unknown {
    let mended = item;
    for (let repairs = 0; ; repairs++) {
      const result = schema["~standard"].validate(mended);
      if (result instanceof Promise) {
        result.catch(() => undefined);
        return item;
      }
      if (result.issues === undefined) return mended;
      const next = repairs === MAX_REPAIRS ? mended : this.#repairOf(schema)(mended, result.issues);
      if (Object.is(next, mended)) return this.#refuseItem(schema, item, [...loc, key], result.issues);
      mended = next;
    }
  }

  #refuseItem(
    schema: ZodSchema,
    item: unknown,
    loc: Refused["loc"],
    issues: readonly StandardSchemaV1.Issue[],
  ): unknown {
    const refused: Refused = { schema, limits: this.#limits, input: item, loc };
    for (const detail of detailsOf(issues, refused)) this.details.push(detail);
    return item;
  }

  #repairOf(schema: AnySchema): Repair {
    let repair = this.#repairs.get(schema);
    if (repair === undefined) {
      repair = createRepairOfMany(schema, this.#limits);
      this.#repairs.set(schema, repair);
    }
    return repair;
  }
}

/** Key by key: V8 takes three times as long to copy a large object and change it afterwards. */
function keyed(keys: readonly string[], values: readonly unknown[]): object {
  const object: Record<string, unknown> = {};
  for (const [index, key] of keys.entries()) object[key] = values[index];
  return object;
}

function itemOf(
  { element, valueType, items = [], rest }: ZodDefinition,
  key: number | string,
): ZodSchema | undefined {
  return element ?? valueType ?? items[key as number] ?? rest ?? undefined;
}

/** The schema inside a schema that a container must fit; undefined when that cannot be determined. */
function innerOf({ type, innerType, getter, in: input }: ZodDefinition): ZodSchema | undefined {
  if (type === "lazy") return getter?.();
  return type === "pipe" ? input : innerType;
}

/** The alternatives of a union that accept lists, or objects, or objects with this tag. */
function optionsFor({ discriminator, options = [] }: ZodDefinition, value: object): ZodSchema[] {
  return options.filter((option) =>
    discriminator === undefined
      ? takesSame(option, value)
      : option._zod.propValues?.[discriminator]?.has((value as Record<string, unknown>)[discriminator]),
  );
}

const listTypes = new Set(["array", "set", "tuple"]);
const objectTypes = new Set(["object", "record", "map"]);

/** Whether an alternative accepts a list, or an object; true where that cannot be determined. */
function takesSame({ _zod: { def } }: ZodSchema, value: object): boolean {
  if (listTypes.has(def.type)) return Array.isArray(value);
  if (objectTypes.has(def.type)) return !Array.isArray(value);
  return def.innerType !== undefined || def.options !== undefined || def.in !== undefined;
}
