import type { ValidationDetail } from "../errors/http-error.ts";
import { detailsOf, type Refused } from "./details.ts";
import { createRepairOfMany, type Repair } from "./repair.ts";
import type { AnySchema } from "./schema.ts";
import { type CheckedSchema, type Validated, validate } from "./validate.ts";

/** What zod says a schema is made of. */
interface ZodDefinition {
  readonly type: string;
  readonly element?: ZodSchema;
  readonly innerType?: ZodSchema;
  readonly valueType?: ZodSchema;
  readonly shape?: Readonly<Record<string, ZodSchema>>;
  readonly items?: readonly ZodSchema[];
  readonly rest?: ZodSchema | null;
  readonly options?: readonly ZodSchema[];
  readonly discriminator?: string;
  readonly in?: ZodSchema;
  readonly left?: ZodSchema;
  readonly right?: ZodSchema;
  readonly getter?: () => ZodSchema;
}

type ZodSchema = AnySchema & {
  readonly _zod: {
    readonly def: ZodDefinition;
    readonly propValues?: Readonly<Record<string, ReadonlySet<unknown>>>;
  };
};

/**
 * Validates a body of many values. A library makes a mistake of every item that does not fit, however many those are,
 * and ten million of them end a process: the items of lists are checked one by one, as far as zod says what they are,
 * until there are as many mistakes as are told. Items are then checked twice.
 */
export function validateLong(
  checked: CheckedSchema,
  value: unknown,
  loc: Refused["loc"],
): Validated | Promise<Validated> {
  const check = new ItemCheck(checked);
  const mended = check.value(checked.schema as ZodSchema, value, loc);
  if (check.isFull) return { details: check.details };
  return validate(checked, mended, value, loc);
}

/** From how many values on something is not checked in one piece. */
const LONG_VALUES = 1_000;

/** One body on its way through the check of its items. */
class ItemCheck {
  readonly details: ValidationDetail[] = [];
  readonly #limits: CheckedSchema["limits"];
  readonly #repairs = new Map<AnySchema, Repair>();

  constructor({ limits }: CheckedSchema) {
    this.#limits = limits;
  }

  /** Whether there are more mistakes than are told. */
  get isFull(): boolean {
    return this.details.length > this.#limits.maxMistakes;
  }

  /** Gives the value with the items of its lists mended, in a copy where there was something to mend. */
  value(schema: ZodSchema, value: unknown, loc: Refused["loc"]): unknown {
    if (value === null || typeof value !== "object" || this.isFull) return value;
    const definition = schema._zod?.def;
    switch (definition?.type) {
      case "object":
        return this.#fields(definition, value, loc);
      case "record":
      case "map":
        return Array.isArray(value) ? value : this.#items(value, loc, () => definition.valueType);
      case "array":
      case "set":
      case "tuple":
        return Array.isArray(value) ? this.#items(value, loc, (key) => itemOf(definition, key)) : value;
      case "intersection": {
        const left = this.#inner(definition.left, value, loc);
        return this.#inner(definition.right, left, loc);
      }
      default:
        return this.#inner(definition && innerOf(definition, value), value, loc);
    }
  }

  #inner(schema: ZodSchema | undefined, value: unknown, loc: Refused["loc"]): unknown {
    return schema === undefined ? value : this.value(schema, value, loc);
  }

  /** The fields of an object are as many as its schema has: only what is long in them is looked at. */
  #fields({ shape = {} }: ZodDefinition, value: object, loc: Refused["loc"]): unknown {
    let copy = value as Record<string, unknown>;
    for (const [name, field] of Object.entries(shape)) {
      const inner = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      if (!isLong(inner)) continue;
      const mended = this.value(field, inner, [...loc, name]);
      if (Object.is(mended, inner)) continue;
      if (copy === value) copy = { ...copy };
      copy[name] = mended;
    }
    return copy;
  }

  #items(
    list: object,
    loc: Refused["loc"],
    itemAt: (key: number | string) => ZodSchema | undefined,
  ): unknown {
    const keys = Array.isArray(list) ? undefined : Object.keys(list);
    const items: readonly unknown[] = Array.isArray(list) ? list : Object.values(list);
    const mended: unknown[] = [];
    let isMended = false;
    for (let index = 0; index < items.length && !this.isFull; index++) {
      const key = keys?.[index] ?? index;
      const item = items[index];
      const schema = itemAt(key);
      const result =
        schema === undefined
          ? item
          : isLong(item)
            ? this.value(schema, item, [...loc, key])
            : this.#item(schema, item, loc, key);
      if (!Object.is(result, item)) isMended = true;
      mended.push(result);
    }
    if (!isMended || this.isFull) return list;
    return keys === undefined ? mended : keyed(keys, mended);
  }

  /** What checks later is left to the check of the whole. */
  #item(schema: ZodSchema, item: unknown, loc: Refused["loc"], key: string | number): unknown {
    const result = schema["~standard"].validate(item);
    if (result instanceof Promise) {
      result.catch(() => undefined);
      return item;
    }
    if (result.issues === undefined) return item;
    const mended = this.#repairOf(schema)(item, result.issues);
    const again = Object.is(mended, item) ? result : schema["~standard"].validate(mended);
    if (again instanceof Promise) {
      again.catch(() => undefined);
      return item;
    }
    if (again.issues === undefined) return mended;
    const refused: Refused = { schema, limits: this.#limits, input: item, loc: [...loc, key] };
    for (const detail of detailsOf(again.issues, refused)) this.details.push(detail);
    return item;
  }

  #repairOf(schema: AnySchema): Repair {
    let repair = this.#repairs.get(schema);
    if (repair === undefined) {
      repair = createRepairOfMany(schema);
      this.#repairs.set(schema, repair);
    }
    return repair;
  }
}

/** Key by key: V8 takes three times as long to copy a large object and then to change it. */
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

/** The schema within a schema that a container has to fit; undefined when that cannot be said. */
function innerOf(definition: ZodDefinition, value: object): ZodSchema | undefined {
  const { type, innerType, getter, options } = definition;
  if (type === "lazy") return getter?.();
  if (type === "pipe") return definition.in;
  if (options !== undefined) return optionFor(definition, options, value);
  // What is wrong within a `catch` is not wrong.
  return type === "catch" ? undefined : innerType;
}

/** The one alternative of a union that takes lists, or objects, or objects with this tag. */
function optionFor(
  { discriminator }: ZodDefinition,
  options: readonly ZodSchema[],
  value: object,
): ZodSchema | undefined {
  const fitting = options.filter((option) =>
    discriminator === undefined
      ? takesSame(option, value)
      : option._zod.propValues?.[discriminator]?.has((value as Record<string, unknown>)[discriminator]),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

const listTypes = new Set(["array", "set", "tuple"]);
const objectTypes = new Set(["object", "record", "map"]);

/** Whether an alternative takes a list, or an object; true where that cannot be said. */
function takesSame({ _zod: { def } }: ZodSchema, value: object): boolean {
  if (listTypes.has(def.type)) return Array.isArray(value);
  if (objectTypes.has(def.type)) return !Array.isArray(value);
  return def.innerType !== undefined || def.options !== undefined || def.in !== undefined;
}

/** Counts no further than it must. */
function isLong(value: unknown): boolean {
  return countTo(LONG_VALUES, value) > LONG_VALUES;
}

function countTo(limit: number, value: unknown): number {
  if (value === null || typeof value !== "object") return 1;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let count = 1 + items.length;
  for (let index = 0; index < items.length && count <= limit; index++)
    count += countTo(limit - count, items[index]) - 1;
  return count;
}
