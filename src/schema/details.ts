import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ValidationDetail } from "../errors/http-error.ts";
import { shortened } from "../errors/shown-value.ts";
import { echoed } from "./echo.ts";
import { inputJsonSchema } from "./json-schema.ts";
import { isOwnRule, type LibraryIssue, wordingOf } from "./library-issue.ts";
import { declaredWords, quotes } from "./quoted.ts";
import type { AnySchema } from "./schema.ts";
import { Shape } from "./shape.ts";

/** Where and how strictly values are checked, and how many mistakes are reported. */
export interface CheckLimits {
  /** The lane it is checked on. */
  readonly lane: "loop" | "thread";
  /** Maximum number of mistakes. */
  readonly maxMistakes: number;
  /** Maximum number of characters of each `input`. */
  readonly maxEchoedChars: number;
  /** Whether values are taken as they are, so that only what JSON lacks is made of them. */
  readonly strictTypes: boolean;
}

/** A value that does not fit, and where it was. */
export interface Refused {
  readonly schema: AnySchema;
  readonly limits: CheckLimits;
  /** What was sent. */
  readonly input: unknown;
  readonly loc: readonly (string | number)[];
  /** The names of the value's own keys in the request, where they differ there. */
  readonly wireNames?: ReadonlyMap<string, string> | undefined;
}

/** The mistakes that issues report; one more than the limit when there are more. */
export function detailsOf(issues: readonly StandardSchemaV1.Issue[], refused: Refused): ValidationDetail[] {
  const root = inputJsonSchema(refused.schema);
  const shape = root && Shape.of(root);
  const { maxMistakes } = refused.limits;
  const details: ValidationDetail[] = [];
  for (const issue of issues) {
    for (const detail of issueDetails(issue, refused, shape)) {
      details.push(detail);
      if (details.length > maxMistakes) return details;
    }
  }
  return details;
}

/** Mistakes up to the limit; a final one stands for the rest. */
export function withinLimit(
  details: readonly ValidationDetail[],
  { maxMistakes }: CheckLimits,
): readonly ValidationDetail[] {
  if (details.length <= maxMistakes) return details;
  const shown = details.slice(0, maxMistakes);
  const msg = `There are more mistakes: the first ${maxMistakes} are shown`;
  return [
    ...shown,
    { type: "too_many_mistakes", loc: shown.at(-1)?.loc.slice(0, 1) ?? [], msg, input: null },
  ];
}

/** One mistake, or one for each key that the schema does not have: as many as a client has sent. */
function* issueDetails(
  issue: LibraryIssue,
  refused: Refused,
  shape: Shape | undefined,
): Generator<ValidationDetail> {
  const found = locate(issue, refused, shape);
  if (issue.code !== "unrecognized_keys" || !Array.isArray(issue.keys)) {
    yield issueDetail(issue, found, refused.limits);
    return;
  }
  const { maxEchoedChars } = refused.limits;
  for (const key of issue.keys as string[])
    yield {
      type: "extra_forbidden",
      loc: [...found.loc, shortened(key, maxEchoedChars)],
      msg: "Extra inputs are not permitted",
      input: echoed((found.value as Record<string, unknown> | undefined)?.[key], maxEchoedChars, undefined),
    };
}

function issueDetail(
  issue: LibraryIssue,
  found: Located,
  { maxEchoedChars, strictTypes }: CheckLimits,
): ValidationDetail {
  const { loc, owner, value } = found;
  const msg = messageOf(issue, found, maxEchoedChars);
  if (issue.code === "invalid_key") {
    const key = echoed(found.key, maxEchoedChars, undefined);
    return { type: "invalid_key", loc: [...loc, "[key]"], msg, input: key };
  }
  if (typeof issue.discriminator === "string") {
    // Where the tag of a union is wrong, the whole union is: FastAPI's loc and input are those of the union.
    const input = echoed(owner, maxEchoedChars, found.ownerShape);
    const ctx = { discriminator: issue.discriminator };
    return { type: kindOf(issue), loc: loc.slice(0, -1), msg, input, ctx };
  }
  // A rule of the user's own (zod's "custom") may point at an absent field without requiring that field.
  if (issue.code !== "custom" && value === undefined) {
    const input = echoed(owner ?? null, maxEchoedChars, found.ownerShape);
    return { type: "missing", loc, msg: "Field required", input };
  }
  const input = echoed(value, maxEchoedChars, found.shape);
  const wrongType = strictTypes ? wrongTypeName(issue, value, found.shape) : undefined;
  return { type: wrongType ?? kindOf(issue), loc, msg, input };
}

function messageOf(issue: LibraryIssue, { shape, value }: Located, maxChars: number): string {
  const message = wordingOf(issue, "message") ?? "Invalid input";
  const isTold = shape?.isSecret === true && tells(message, value, shape);
  return shortened(isTold ? "Invalid input" : message, maxChars);
}

/** Whether a message may quote a secret: valibot and arktype quote what they received in some of theirs. */
function tells(message: string, value: unknown, shape: Shape): boolean {
  if (typeof value === "object") return true;
  const text = String(value);
  return text.length > MAX_SEARCHED || quotes(message, [text], declaredWords(shape));
}

/** A secret that is longer is not searched for. */
const MAX_SEARCHED = 1_000;

/** Where an issue points: the value there, and its container. */
interface Located {
  readonly loc: (string | number)[];
  readonly key: string | number | undefined;
  readonly value: unknown;
  readonly shape: Shape | undefined;
  readonly owner: unknown;
  readonly ownerShape: Shape | undefined;
}

function locate(
  issue: StandardSchemaV1.Issue,
  { input, loc: start, wireNames, limits }: Refused,
  root: Shape | undefined,
): Located {
  const loc = [...start];
  let left = limits.maxEchoedChars;
  const tell = (key: string | number): void => {
    loc.push(typeof key === "string" ? shortened(key, Math.max(0, left)) : key);
    left -= String(key).length;
  };
  let at: Located = { loc, key: undefined, value: input, shape: root, owner: null, ownerShape: root };
  // arktype's paths are arrays of a class of their own, whose map() returns another path.
  for (const part of issue.path ?? []) {
    const declared = segment(part);
    const key = at.key === undefined ? (wireNames?.get(String(declared)) ?? declared) : declared;
    const { value: owner, shape: ownerShape } = at;
    // A set travels as a list, and no library says which of its items is wrong.
    if (Array.isArray(owner) && typeof key !== "number" && !Object.hasOwn(owner, key)) break;
    // pydantic includes the union alternative in which the mistake is.
    const tag = ownerShape?.discriminator === undefined ? undefined : tagOf(owner, ownerShape.discriminator);
    if (tag !== undefined && key !== ownerShape?.discriminator) tell(tag);
    tell(key);
    at = { loc, key, value: ownValue(owner, key), shape: ownerShape?.at(declared), owner, ownerShape };
  }
  return at;
}

function tagOf(value: unknown, discriminator: string): string | undefined {
  const tag = ownValue(value, discriminator);
  return typeof tag === "string" || typeof tag === "number" ? String(tag) : undefined;
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof part === "object" ? part.key : part;
  return typeof key === "symbol" ? String(key) : key;
}

function ownValue(value: unknown, key: string | number): unknown {
  return value !== null && typeof value === "object" && Object.hasOwn(value, key)
    ? (value as Record<string | number, unknown>)[key]
    : undefined;
}

function kindOf({ code, type }: LibraryIssue): string {
  if (typeof code === "string") return code;
  return typeof type === "string" ? type : "value_error";
}

const typeNames: Readonly<Record<string, string>> = {
  int: "int_type",
  integer: "int_type",
  bigint: "int_type",
  number: "float_type",
  boolean: "bool_type",
  string: "string_type",
  date: "datetime_type",
  array: "list_type",
  set: "set_type",
  tuple: "tuple_type",
  map: "dict_type",
  record: "dict_type",
  object: "model_attributes_type",
};

/**
 * FastAPI's name for a value of the wrong type, `int_type`; undefined when an issue says something else, or leaves open
 * which of several types is meant.
 */
function wrongTypeName(issue: LibraryIssue, value: unknown, shape: Shape | undefined): string | undefined {
  if (!concernsType(issue) || (shape !== undefined && isOwnRule(issue, value, shape))) return undefined;
  if (issue.type === "integer") return typeNames.int; // valibot: its message names what it received only
  const expected = wordingOf(issue, "expected")?.toLowerCase() ?? "";
  const word = expected.replace(/^an? /, "").replace(/ or null$/, "");
  if (arktypeUnions.has(issue.code) && shape?.takesBooleans === true) return typeNames.boolean;
  // No library says which item of a set it has refused.
  const place = Array.isArray(value) ? shape?.at(0) : shape;
  if (word === "number" && place?.takesIntegers === true) return typeNames.int;
  if (word === "date" && typeof value === "string") return "datetime_parsing";
  return Object.hasOwn(typeNames, word) ? typeNames[word] : undefined;
}

/** What arktype says of a union, which a boolean is, too. */
const arktypeUnions = new Set<unknown>(["union", "predicate"]);

const typeCodes = new Set<unknown>(["invalid_type", "domain", "proto", "divisor", ...arktypeUnions]);

function concernsType({ code, kind, type }: LibraryIssue): boolean {
  return kind === "schema" || (kind === "validation" && type === "integer") || typeCodes.has(code);
}
