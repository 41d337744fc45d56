import type { StandardSchemaV1 } from "@standard-schema/spec";
import { countTo } from "./check-cost.ts";
import { type LibraryIssue, wordingOf } from "./library-issue.ts";
import type { Shape } from "./shape.ts";

type Key = string | number;
type Container = Readonly<Record<Key, unknown>>;

/**
 * A small part of a large value, for libraries that do not say what a schema is made of: some items of one list or
 * record, in place, and everything else as short as possible. A mistake within one of those items is also a mistake in
 * the whole.
 */
export class View {
  /** The large value, reduced. */
  readonly value: unknown;
  /** The path of the list or record. */
  readonly #path: readonly Key[];
  /** The keys that these items have in the large value. */
  readonly #keys: readonly Key[];

  constructor(whole: unknown, shape: Shape, stretch: Stretch) {
    this.#path = stretch.path;
    this.#keys = stretch.keys;
    this.value = shortened(whole, shape, stretch);
  }

  /** An issue with its place in the large value; undefined when it does not concern an item here, or not that item alone. */
  issueInWhole(issue: LibraryIssue): StandardSchemaV1.Issue | undefined {
    if (!isIntrinsic(issue)) return undefined;
    const path = (issue.path ?? []).map((part) => (typeof part === "object" ? part.key : part));
    const depth = this.#path.length;
    if (path.length <= depth) return undefined;
    for (const [index, key] of this.#path.entries())
      if (path[index] !== (typeof key === "number" ? 0 : key)) return undefined;
    const key = path[depth] as Key;
    const original = typeof key === "number" ? this.#keys[key] : key;
    if (original === undefined || !this.#keys.includes(original)) return undefined;
    // arktype's message begins with the path within this view.
    const message = wordingOf(issue, "problem") ?? wordingOf(issue, "message") ?? "Invalid input";
    const { code, type } = issue;
    const expected = wordingOf(issue, "expected");
    const whole = [...this.#path, original, ...path.slice(depth + 1)];
    return { message, path: whole, ...defined({ code, type, expected }) };
  }

  /** The items that a repaired view has in place of these, with their places in the large value. */
  *changes(mended: unknown): Generator<{ readonly keys: readonly Key[]; readonly value: unknown }> {
    const [before, after] = [this.#container(this.value), this.#container(mended)];
    for (const [index, key] of this.#keys.entries()) {
      const here = typeof key === "number" ? index : key;
      if (!Object.is(before[here], after[here])) yield { keys: [...this.#path, key], value: after[here] };
    }
  }

  #container(value: unknown): Container {
    let container = value as Container;
    for (const key of this.#path) container = container[typeof key === "number" ? 0 : key] as Container;
    return container;
  }
}

const intrinsicCodes = new Set<unknown>([
  ...["invalid_type", "invalid_value", "unrecognized_keys"], // zod
  ...["domain", "proto", "required", "unit", "pattern", "min", "max", "divisor"], // arktype
]);

/** Whether the issue concerns the value itself, rather than a rule of the user's about several values. */
function isIntrinsic(issue: LibraryIssue): boolean {
  const { kind, code } = issue;
  if (kind === "schema" || intrinsicCodes.has(code)) return true;
  return code === "predicate" && wordingOf(issue, "expected") === "removed";
}

function defined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The views that together show every item of the long parts of a value, each with about `size` values. */
export function* viewsOf(whole: unknown, shape: Shape, size: number): Generator<View> {
  for (const stretch of stretches(whole, shape, { path: [], size })) yield new View(whole, shape, stretch);
}

/** Adjacent items of one list or record. */
interface Stretch {
  readonly path: readonly Key[];
  readonly keys: readonly Key[];
  readonly size: number;
}

function* stretches(value: unknown, shape: Shape, { path, size }: Omit<Stretch, "keys">): Generator<Stretch> {
  if (value === null || typeof value !== "object" || isTuple(shape, value)) return;
  let keys: Key[] = [];
  let count = 0;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    const item = (value as Container)[key];
    const values = countTo(size, item);
    if (values > size) {
      yield* stretches(item, shape.at(key), { path: [...path, key], size });
      continue;
    }
    keys.push(key);
    count += values;
    if (count < size) continue;
    yield { path, keys, size };
    keys = [];
    count = 0;
  }
  if (keys.length > 0) yield { path, keys, size };
}

/** The items of a tuple must keep their places. */
function isTuple({ alternatives }: Shape, value: object): boolean {
  return Array.isArray(value) && alternatives.some(({ prefixItems }) => prefixItems !== undefined);
}

function shortened(value: unknown, shape: Shape, { path: [key, ...path], keys, size }: Stretch): unknown {
  const container = value as Container;
  if (key !== undefined) {
    const inner = shortened(container[key], shape.at(key), { path, keys, size });
    return typeof key === "number" ? [inner] : { ...declaredFields(container, shape, size), [key]: inner };
  }
  if (Array.isArray(value)) return keys.map((one) => container[one]);
  return {
    ...declaredFields(container, shape, size),
    ...Object.fromEntries(keys.map((one) => [one, container[one]])),
  };
}

/** The fields of an object that its schema names; long ones are empty. */
function declaredFields(object: Container, { alternatives }: Shape, size: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const { properties = {} } of alternatives) {
    for (const key of Object.keys(properties)) {
      if (!Object.hasOwn(object, key)) continue;
      const value = object[key];
      fields[key] = countTo(size, value) > size ? (Array.isArray(value) ? [] : {}) : value;
    }
  }
  return fields;
}
