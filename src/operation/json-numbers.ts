import type { StandardSchemaV1 } from "@standard-schema/spec";
import sjson from "secure-json-parse";
import type { ValidationDetail } from "../errors/http-error.ts";
import { detailsOf } from "../schema/details.ts";
import { inputJsonSchema } from "../schema/json-schema.ts";
import { Shape } from "../schema/shape.ts";
import { inSteps, type Steps } from "../schema/steps.ts";
import type { CheckedSchema } from "../schema/validate.ts";

/** What has to be known of how numbers are written. */
export interface NumberRules {
  /** Whether a schema wants integers with all their digits. */
  readonly hasBigints: boolean;
  /** Whether `7.0` is no integer. */
  readonly strictTypes: boolean;
}

/** JSON as a value. */
export interface ParsedJson {
  readonly value: unknown;
  /** Whole numbers that are written as fractions; undefined where there are none, or they count as integers. */
  readonly fractions: Fractions | undefined;
}

/** V8 passes the source text of a number, which TypeScript's library does not declare yet. */
type Reviver = (this: object, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * Numbers that JavaScript may take for whole: with a zero after the point, with an exponent, or with so many digits that
 * the fraction is lost.
 */
const WHOLE_FRACTION = /\d(?:\.0+|(?:\.\d+)?[eE][+-]?\d+)(?=[\s,\]}]|$)|[\d.]{17}/;

/**
 * Parses JSON, and looks at how its numbers are written only where that may matter: it takes ten times as long.
 *
 * @throws {SyntaxError}
 */
export function parseNumbers(text: string, { hasBigints, strictTypes }: NumberRules): ParsedJson {
  const keepsDigits = hasBigints && /\d{16}/.test(text);
  if (!keepsDigits && !(strictTypes && WHOLE_FRACTION.test(text)))
    return { value: sjson.parse(text), fractions: undefined };
  const found = new Map<object, Set<string>>();
  let outermost: object = {};
  const revive: Reviver = function (key, value, { source = "" }) {
    outermost = this;
    if (typeof value !== "number") return value;
    if (/^-?\d+$/.test(source)) return keepsDigits ? withAllDigits(source, value) : value;
    if (strictTypes && Number.isInteger(value)) found.set(this, (found.get(this) ?? new Set()).add(key));
    return value;
  };
  const value: unknown = sjson.parse(text, revive as Parameters<typeof JSON.parse>[1]);
  return { value, fractions: found.size === 0 ? undefined : new Fractions(found, outermost, "") };
}

/** The same limit as Python's. */
const MAX_DIGITS = 4_300;

function withAllDigits(source: string, value: number): number | bigint {
  return Number.isSafeInteger(value) || source.length > MAX_DIGITS ? value : BigInt(source);
}

/**
 * The whole numbers that a JSON text writes as fractions: `7.0`, `7e0`, `7.00000000000000001`. In JavaScript they are the
 * same as 7, so a schema cannot tell.
 */
export class Fractions {
  /** Their keys, by the lists and objects that contain them. */
  readonly #found: ReadonlyMap<object, ReadonlySet<string>>;
  readonly #owner: object;
  readonly #key: string;

  /** @param owner - The object whose key has the value that is looked at. */
  constructor(found: ReadonlyMap<object, ReadonlySet<string>>, owner: object, key: string) {
    this.#found = found;
    this.#owner = owner;
    this.#key = key;
  }

  /** Those in one key of an object. */
  at(owner: object, key: string): Fractions {
    return new Fractions(this.#found, owner, key);
  }

  /**
   * A mistake for each of them where the schema takes integers only; one more than the limit when there are more. A long
   * value is looked at in steps.
   */
  mistakes(
    checked: CheckedSchema,
    loc: readonly (string | number)[],
  ): ValidationDetail[] | Promise<ValidationDetail[]> {
    return inSteps(this.#mistakesInSteps(checked, loc), checked.limits.lane);
  }

  *#mistakesInSteps(checked: CheckedSchema, loc: readonly (string | number)[]): Steps<ValidationDetail[]> {
    const root = inputJsonSchema(checked.schema);
    if (root === undefined) return [];
    const issues: Issue[] = [];
    const start: Place = { owner: this.#owner, key: this.#key, shape: Shape.of(root), path: [] };
    let places = 0;
    for (const place of placesFrom(start)) {
      if (++places % STEP === 0) yield;
      if (!this.#isWrong(place)) continue;
      issues.push({
        code: "invalid_type",
        expected: "int",
        message: "Input should be a valid integer",
        path: place.path,
      });
      if (issues.length > checked.limits.maxMistakes) break;
    }
    return detailsOf(issues, { ...checked, input: inside(this.#owner, this.#key), loc });
  }

  #isWrong({ owner, key, shape }: Place): boolean {
    return (
      typeof inside(owner, key) === "number" &&
      shape.takesIntegers &&
      this.#found.get(owner)?.has(key) === true
    );
  }
}

/** The places in a value that its schema says something of, in their order. */
function* placesFrom(place: Place): Generator<Place> {
  yield place;
  const { owner, key, shape, path } = place;
  const value = inside(owner, key);
  if (value === null || typeof value !== "object" || shape.alternatives.length === 0) return;
  const tagged = shape.tagged(value);
  for (const name of Object.keys(value)) {
    const part = Array.isArray(value) ? Number(name) : name;
    yield* placesFrom({ owner: value, key: name, shape: tagged.at(part), path: [...path, part] });
  }
}

/** How many places are looked at in one step: less than a millisecond's. */
const STEP = 1_000;

/** A value within the one that is looked at. */
interface Place {
  readonly owner: object;
  readonly key: string;
  readonly shape: Shape;
  readonly path: readonly (string | number)[];
}

/** In zod's form. */
type Issue = StandardSchemaV1.Issue & { readonly code: string; readonly expected: string };

function inside(owner: object, key: string): unknown {
  return (owner as Readonly<Record<string, unknown>>)[key];
}
