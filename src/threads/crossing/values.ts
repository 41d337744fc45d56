import { types } from "node:util";
import { examineCrossing, findUncloneable, needsHelp } from "../../app/cloneable.ts";
import { type ErrorClass, type ErrorHandlers, findErrorHandler } from "../../app/error-handlers.ts";
import { JobError } from "../../app/tasks/job-error.ts";
import { UploadedFile } from "../../app/uploaded-file.ts";
import {
  type DescribedError,
  describeError,
  isError,
  namedClass,
  typeOf,
} from "../../errors/described-error.ts";
import { HTTPError, ValidationError } from "../../errors/http-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { WebSocketError } from "../../errors/websocket-error.ts";
import { ownsBuffer } from "../../operation/raw.ts";

/**
 * What crosses between threads, defined in one place. Plain data crosses by itself, as structured clones. Values that
 * would arrive changed (errors, uploaded files, `Buffer`s) are described on this side and recreated on the other.
 * Values that cannot cross, and those that would lose something, such as an instance of a class, are refused by name.
 */
export type Crossed = unknown;

/** A part of a value that is recreated on the other side. */
type Described =
  | { readonly kind: "file"; readonly file: ConstructorParameters<typeof UploadedFile>[0] }
  | { readonly kind: "buffer"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly parts: ErrorParts }
  | { readonly kind: "map"; readonly entries: [unknown, unknown][] }
  | { readonly kind: "set"; readonly items: unknown[] };

/** Where a described part belongs in a value: the object that holds it, the key, and its index among the described parts. */
type Hole = readonly [holder: object, key: string | number, index: number];

const MARK = "offloop value";

/** A value with holes, and the parts that fill them. Clones keep identity within a message, so no path is needed. */
interface Holed {
  readonly [MARK]: unknown;
  readonly described: readonly Described[];
  readonly holes: readonly Hole[];
}

/** A value cannot cross. */
export class UncloneableValue extends Error {
  /** The part of it that cannot, as a path: `args[0].onDone (a function)`. */
  readonly found: string;

  constructor(found: string) {
    super(`${found} cannot cross between threads`);
    this.name = "UncloneableValue";
    this.found = found;
  }
}

/**
 * A value as it crosses; the value itself when it is plain data.
 *
 * @param root - Its name in an error.
 * @param handlers - The app's error handlers: errors of the classes they name keep their class.
 * @throws {UncloneableValue}
 */
export function packValue(value: unknown, root: string, handlers: ErrorHandlers = []): Crossed {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function") throw new UncloneableValue(`${root} (a function)`);
    if (typeof value === "symbol") throw new UncloneableValue(`${root} (a symbol)`);
    return value;
  }
  const { fault, needsHelp } = examineCrossing(value, root);
  if (fault !== undefined) throw new UncloneableValue(fault);
  // A value that looks like one with holes may come from a client, and must not be taken for one on the other side.
  return needsHelp || MARK in value ? new Packing(handlers).pack(value) : value;
}

/** The value on the other side. */
export function unpackValue(crossed: Crossed, handlers: ErrorHandlers = []): unknown {
  if (typeof crossed !== "object" || crossed === null || !(MARK in crossed)) return crossed;
  const holed = crossed as Holed;
  const made = holed.described.map((described) => revive(described, handlers));
  for (const [holder, key, index] of holed.holes)
    (holder as Record<string | number, unknown>)[key] = made[index];
  for (const [index, described] of holed.described.entries()) fill(made[index], described);
  return holed[MARK];
}

/** Copies whatever holds parts that must be described, and describes those; the user's own objects stay unchanged. */
class Packing {
  readonly #described: Described[] = [];
  readonly #holes: Hole[] = [];
  readonly #indexes = new Map<object, number>();
  readonly #copies = new Map<object, object>();
  readonly #handlers: ErrorHandlers;

  constructor(handlers: ErrorHandlers) {
    this.#handlers = handlers;
  }

  pack(value: object): Holed {
    const holed = { [MARK]: undefined as unknown, described: this.#described, holes: this.#holes };
    this.#put(holed, MARK, value);
    return holed;
  }

  #put(holder: object, key: string | number, value: unknown): void {
    if (typeof value !== "object" || value === null) this.#set(holder, key, value);
    else if (needsHelp(value) || types.isMap(value) || types.isSet(value)) {
      this.#set(holder, key, undefined); // keeps its place among the others
      this.#holes.push([holder, key, this.#describe(value)]);
    } else this.#set(holder, key, this.#copy(value));
  }

  #set(holder: object, key: string | number, value: unknown): void {
    // Defined rather than assigned, since a key may be called __proto__.
    Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
  }

  #copy(object: object): object {
    const known = this.#copies.get(object);
    if (known !== undefined) return known;
    const tag = Object.prototype.toString.call(object);
    if (!Array.isArray(object) && tag !== "[object Object]") return object;
    const copy = Array.isArray(object) ? new Array(object.length) : {};
    this.#copies.set(object, copy);
    for (const key of Object.keys(object)) this.#put(copy, key, (object as Record<string, unknown>)[key]);
    return copy;
  }

  #describe(object: object): number {
    const known = this.#indexes.get(object);
    if (known !== undefined) return known;
    const index = this.#described.length;
    this.#indexes.set(object, index);
    this.#described.push(undefined as unknown as Described); // what is inside comes after it
    this.#described[index] = this.#description(object);
    return index;
  }

  #description(object: object): Described {
    if (object instanceof UploadedFile) return { kind: "file", file: object.received() };
    if (Buffer.isBuffer(object))
      return { kind: "buffer", bytes: ownsBuffer(object) ? object : Uint8Array.prototype.slice.call(object) };
    if (isError(object)) {
      const parts = errorParts(object, this.#handlers);
      return { kind: "error", parts: { ...parts, fields: this.#copy(parts.fields) as ErrorParts["fields"] } };
    }
    if (types.isMap(object))
      return { kind: "map", entries: [...object].map((entry) => this.#copy(entry) as [unknown, unknown]) };
    return { kind: "set", items: this.#copy([...(object as Set<unknown>)]) as unknown[] };
  }
}

function revive(described: Described, handlers: ErrorHandlers): unknown {
  switch (described.kind) {
    case "file":
      return new UploadedFile(described.file);
    case "buffer": {
      const { buffer, byteOffset, byteLength } = described.bytes;
      return Buffer.from(buffer, byteOffset, byteLength);
    }
    case "error":
      return makeError(described.parts, handlers);
    case "map":
      return new Map();
    case "set":
      return new Set();
  }
}

/** Containers are filled once all parts exist, since these may in turn hold the container. */
function fill(made: unknown, described: Described): void {
  if (described.kind === "error") setFields(made as Error, described.parts);
  if (described.kind === "map")
    for (const [key, value] of described.entries) (made as Map<unknown, unknown>).set(key, value);
  if (described.kind === "set") for (const item of described.items) (made as Set<unknown>).add(item);
}

/** The outcome of a piece of work: its value as it crosses, or what it threw. */
export type TaskOutcome = readonly [ok: true, value: Crossed] | readonly [ok: false, thrown: Thrown];

/** A thrown value, as it crosses. */
export interface Thrown {
  /** What the log shows of it. */
  readonly error: DescribedError;
  /** The value itself, boxed since anything can be thrown; undefined where it cannot cross. */
  readonly boxed: { readonly value: Crossed } | undefined;
  readonly http?: { readonly status: number };
}

/**
 * A thrown value, as it crosses. Never throws.
 *
 * @param handlers - The app's error handlers: the classes they name exist on both sides.
 */
export function packThrown(thrown: unknown, handlers: ErrorHandlers = []): Thrown {
  const error = describeError(thrown);
  try {
    const boxed = { value: packValue(thrown, "error", handlers) };
    return thrown instanceof HTTPError ? { error, boxed, http: { status: thrown.status } } : { error, boxed };
  } catch {
    return { error, boxed: undefined }; // a revoked proxy, a function, an object with getters that throw
  }
}

/** The thrown value on the other side: an error keeps its class, name, message, stack, cause and own fields. */
export function unpackThrown({ error, boxed }: Thrown, handlers: ErrorHandlers = []): unknown {
  return boxed === undefined ? reviveError(error) : unpackValue(boxed.value, handlers);
}

function reviveError({ type, message, stack }: DescribedError): Error {
  const revived = new Error(message);
  Object.defineProperty(revived, "name", { value: type, configurable: true, writable: true });
  if (stack !== undefined) revived.stack = stack;
  return revived;
}

/** An error as it crosses: it keeps its class if both sides have it, and its own fields as far as they can cross. */
interface ErrorParts {
  /** The name of the nearest class that both sides have. */
  readonly class: string;
  /** The index in the app of its error handler: the class that this handler names exists on both sides, too. */
  readonly answeredBy: number | undefined;
  /** Its name, taken from its own class where the name says nothing. */
  readonly type: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its fields, including a cause and the errors of an AggregateError. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const classes = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  HTTPError,
  ValidationError,
  WebSocketError,
  JobError,
  OffloopError,
} as const;

/** Takes an error apart. */
function errorParts(error: Error, handlers: ErrorHandlers): ErrorParts {
  const shared = sharedClass(error);
  const handler = findErrorHandler(handlers, error);
  return {
    class: shared,
    answeredBy: handler && isNearer(handler.type, shared) ? handlers.indexOf(handler) : undefined,
    type: typeOf(error),
    name: String(error.name),
    message: String(error.message),
    stack: describeError(error).stack,
    fields: fieldsOf(error),
  };
}

/** Makes an error from its parts, except for the fields. Runs no constructor of the user's. */
function makeError({ class: name, answeredBy, ...parts }: ErrorParts, handlers: ErrorHandlers): Error {
  const { message, stack } = parts;
  if (name === "DOMException") return new DOMException(message, parts.name);
  const answered = answeredBy === undefined ? undefined : handlers[answeredBy]?.type;
  const shared = (answered ?? classes[name as keyof typeof classes] ?? Error) as ErrorConstructor;
  const error = Reflect.construct(Error, [message], namedClass(parts.type, shared)) as Error;
  if (stack !== undefined) define(error, "stack", stack);
  if (error.name !== parts.name) define(error, "name", parts.name);
  return error;
}

/** Sets the fields of an error that was recreated. */
function setFields(error: Error, { fields }: ErrorParts): void {
  for (const [name, value] of Object.entries(fields)) define(error, name, value, !hidden.has(name));
}

/** The nearest class that exists on the other side, by its name: each realm has its own. */
function sharedClass(error: Error): string {
  if (error instanceof DOMException) return "DOMException";
  for (let one = Object.getPrototypeOf(error); one !== null; one = Object.getPrototypeOf(one)) {
    const name: unknown = one.constructor?.name;
    if (typeof name === "string" && Object.hasOwn(classes, name)) return name;
  }
  return "Error";
}

/** Whether a class of the app is nearer to an error than a class that both sides have. A handler of Error is for every class. */
function isNearer(type: ErrorClass, shared: string): boolean {
  if (shared === "DOMException") return false;
  const known: unknown = classes[shared as keyof typeof classes];
  return type === known || type.prototype instanceof (known as ErrorClass);
}

/** Fields that the language hides from loops. */
const hidden: ReadonlySet<string> = new Set(["cause", "errors", "issues"]);
const apart: ReadonlySet<string> = new Set(["name", "message", "stack"]);

/**
 * Own fields that are values, including hidden ones, since a library may hide its `issues`. What
 * cannot cross is left out.
 */
function fieldsOf(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    if (apart.has(name) || value === undefined) continue;
    if (findUncloneable(value, "") === undefined) fields[name] = value;
    // It is sent to the client as JSON, so it becomes JSON here, too.
    else if (name === "detail" && error instanceof HTTPError) setJson(fields, name, value);
  }
  return fields;
}

/** Also as JSON, it may be nested too deeply. */
function setJson(fields: Record<string, unknown>, name: string, value: unknown): void {
  const text = JSON.stringify(value);
  const json: unknown = text === undefined ? undefined : JSON.parse(text);
  if (findUncloneable(json, "") === undefined) fields[name] = json;
}

function define(error: Error, name: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, name, { value, enumerable, configurable: true, writable: true });
}
