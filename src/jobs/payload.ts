import type { StandardSchemaV1 } from "@standard-schema/spec";
import { FILE_IS_GONE } from "../app/tasks/durable.ts";
import type { TaskDeclaration } from "../app/tasks/task-declaration.ts";
import { counted } from "../errors/counted.ts";
import { describeError } from "../errors/described-error.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import type { AnySchema } from "../schema/schema.ts";

/** JSON nested deeper than this is more likely a cycle, and might overflow the stack. */
const MAX_DEPTH = 200;

/** A field whose value would not come back unchanged, and why. */
export interface Unstorable {
  readonly path: string;
  readonly why: string;
}

/** What is needed to check arguments: the task's schemas, and where it was declared. */
export interface ArgumentsOf {
  readonly task: string;
  readonly schemas: readonly AnySchema[] | undefined;
  readonly location: SourceLocation;
}

/**
 * The first field that JSON in PostgreSQL would lose or change: `NaN`, a `Date`, a `Map`, an instance of a class, text
 * with NUL. Undefined when everything comes back unchanged. A property that is undefined counts as absent.
 */
export function findUnstorable(value: unknown, path: string): Unstorable | undefined {
  return find(value, path, new Set());
}

function find(value: unknown, path: string, above: Set<object>): Unstorable | undefined {
  if (typeof value === "string") return badText(value, path);
  if (value === null || typeof value === "boolean") return undefined;
  if (typeof value === "number")
    return Number.isFinite(value) ? undefined : { path, why: `${value} is not a JSON number` };
  if (typeof value !== "object")
    return { path, why: `${value === undefined ? "undefined" : `a ${typeof value}`} is not JSON` };
  if (above.has(value)) return { path, why: "it contains itself" };
  if (above.size >= MAX_DEPTH) return { path, why: `it is nested deeper than ${MAX_DEPTH} levels` };
  const why = badKind(value);
  if (why !== undefined) return { path, why };
  above.add(value);
  const found = findUnstorableIn(value, path, above);
  above.delete(value);
  return found;
}

function findUnstorableIn(value: object, path: string, above: Set<object>): Unstorable | undefined {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = find(value[index], `${path}[${index}]`, above);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  for (const [key, item] of Object.entries(value)) {
    const found =
      badText(key, `${path} key`) ?? (item === undefined ? undefined : find(item, `${path}.${key}`, above));
    if (found !== undefined) return found;
  }
  return undefined;
}

function badText(text: string, path: string): Unstorable | undefined {
  if (text.includes("\0")) return { path, why: "PostgreSQL stores no text with NUL in it" };
  return text.isWellFormed() ? undefined : { path, why: "half of a surrogate pair is not text" };
}

function badKind(value: object): string | undefined {
  if (Array.isArray(value)) return undefined;
  if (value instanceof Blob) return FILE_IS_GONE;
  if (value instanceof Date) return "a Date would come back as text; pass date.toISOString()";
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  return `an instance of ${value.constructor?.name || "a class"} would come back as a plain object`;
}

/** What is needed to check the arguments of a task. */
export function argumentsOf({ name: task, args: schemas, location }: TaskDeclaration): ArgumentsOf {
  return { task, schemas, location };
}

/**
 * Checks the arguments of a job before it is stored. Stays synchronous when the schemas are, so that the caller's line
 * is known.
 *
 * @param at - Returns where it was enqueued.
 * @returns What to store: a copy, without trailing undefined arguments.
 * @throws {OffloopError} `OFFLOOP_JOB_ARGUMENT`.
 */
export function checkArguments(
  of: ArgumentsOf,
  args: readonly unknown[],
  at: () => SourceLocation,
): readonly unknown[] | Promise<readonly unknown[]> {
  const stored = args.slice(0, args.findLastIndex((value) => value !== undefined) + 1);
  const unstorable = findUnstorableIn(stored, "args", new Set());
  if (unstorable !== undefined)
    throw refused(
      of,
      `${unstorable.path}: ${unstorable.why}`,
      at(),
      "pass plain data: ids, text, numbers, lists",
    );
  const own = copyOf(stored);
  if (own instanceof Error)
    throw refused(
      of,
      `args: as JSON, ${own.message}`,
      at(),
      "pass the name of something so large: a path, an id",
    );
  const judge = ({ problem }: Checked): readonly unknown[] => {
    if (problem === undefined) return own;
    throw refused(of, problem, at(), "pass arguments that fit the task's args");
  };
  const checked = check(of.schemas, own);
  return checked instanceof Promise ? checked.then(judge) : judge(checked);
}

/** @throws {OffloopError} `OFFLOOP_JOB_ARGUMENT` when a task needs arguments, and its schedule gives it none. */
export async function checkNoArguments({ task, schemas, location }: ArgumentsOf): Promise<void> {
  const { problem } = await check(schemas, []);
  if (problem === undefined) return;
  throw new OffloopError(
    "OFFLOOP_JOB_ARGUMENT",
    `Cannot schedule task "${task}": its schedule gives no arguments, and without them ${problem}`,
    { at: location, fix: "give each of its args a default, or leave args out" },
  );
}

/**
 * Reads the arguments of a stored job in the form that the task accepts now.
 *
 * @throws {OffloopError} `OFFLOOP_JOB_ARGUMENT` when what an older release stored no longer fits.
 */
export async function readArguments(of: ArgumentsOf, args: readonly unknown[]): Promise<readonly unknown[]> {
  const { problem, values } = await check(of.schemas, args);
  if (problem === undefined) return values;
  const fix = "accept the former arguments too, or declare a task of another name for the new ones";
  throw new OffloopError(
    "OFFLOOP_JOB_ARGUMENT",
    `Cannot run a job of task "${of.task}": its stored arguments no longer fit: ${problem}`,
    { at: of.location, fix },
  );
}

/** `OFFLOOP_JOB_ARGUMENT`, for a job whose stored arguments do not arrive. */
export function unreadArguments({ task, location }: ArgumentsOf, cause: unknown): OffloopError {
  const why = describeError(cause).message;
  return new OffloopError(
    "OFFLOOP_JOB_ARGUMENT",
    `Cannot run a job of task "${task}": its stored arguments could not be read: ${why}`,
    {
      at: location,
      fix: "enqueue it again, and pass what is too large as a path or an id",
      cause,
    },
  );
}

/**
 * What to store of a result: a copy.
 *
 * @throws {OffloopError} `OFFLOOP_JOB_RESULT` when it is not JSON.
 */
export function checkResult({ task, location }: ArgumentsOf, result: unknown): unknown {
  if (result === undefined) return undefined;
  const unstorable = findUnstorable(result, "result");
  const own = unstorable === undefined ? copyOf(result) : undefined;
  if (unstorable === undefined && !(own instanceof Error)) return own;
  const { path, why } = unstorable ?? { path: "result", why: `as JSON, ${(own as Error).message}` };
  throw new OffloopError("OFFLOOP_JOB_RESULT", `Cannot store the result of task "${task}": ${path}: ${why}`, {
    at: location,
    fix: "return plain data, or nothing",
  });
}

/**
 * A copy of a value: the app may change its own before this one is stored.
 *
 * @returns The error, if its JSON is longer than a text may be.
 */
function copyOf<Value>(value: Value): Value | RangeError {
  try {
    return JSON.parse(JSON.stringify(value)) as Value;
  } catch (error) {
    return error as RangeError;
  }
}

interface Checked {
  readonly problem?: string;
  readonly values: readonly unknown[];
}

function check(
  schemas: readonly AnySchema[] | undefined,
  args: readonly unknown[],
): Checked | Promise<Checked> {
  if (schemas === undefined) return { values: args };
  if (args.length > schemas.length)
    return { problem: `expected ${counted(schemas.length, "argument")}, got ${args.length}`, values: args };
  const results = schemas.map((schema, index) => schema["~standard"].validate(args[index]));
  return results.some((result) => result instanceof Promise)
    ? Promise.all(results).then(gather)
    : gather(results as Result[]);
}

type Result = StandardSchemaV1.Result<unknown>;

function gather(results: readonly Result[]): Checked {
  const wrong = results.findIndex(({ issues }) => issues !== undefined);
  const issue = results[wrong]?.issues?.[0];
  if (issue !== undefined) return { problem: `${pathOf(wrong, issue.path)}: ${issue.message}`, values: [] };
  return { values: results.map((result) => (result.issues === undefined ? result.value : undefined)) };
}

type IssuePath = readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;

function pathOf(index: number, path: IssuePath): string {
  const keys = Array.from(path ?? [], (part) => (typeof part === "object" ? part.key : part));
  return `args[${index}]${keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("")}`;
}

function refused({ task }: ArgumentsOf, problem: string, at: SourceLocation, fix: string): OffloopError {
  return new OffloopError("OFFLOOP_JOB_ARGUMENT", `Cannot enqueue task "${task}": ${problem}`, { at, fix });
}
