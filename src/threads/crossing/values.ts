import { types } from "node:util";
import { examineCrossing, findUncloneable, needsHelp } from "../../app/cloneable.ts";
import { type ErrorHandlers, findErrorHandler } from "../../app/error-handlers.ts";
import { UploadedFile } from "../../app/uploaded-file.ts";
import {
  type DescribedError,
  describeError,
  isError,
  namedClass,
  typeOf,
} from "../../errors/described-error.ts";
import { HTTPError, ValidationError } from "../../errors/http-error.ts";
import { WebSocketError } from "../../errors/websocket-error.ts";
import { ownsBuffer } from "../../operation/raw.ts";

/**
 * What crosses between threads, stated once. Plain data crosses by itself, as structured clones. What would arrive changed
 * is described on this side and made anew on the other: errors, uploaded files, `Buffer`s. What cannot cross, and what
 * would lose something, an instance of a class, is refused by name.
 */
export type Crossed = unknown;

/** What a value holds that is made anew on the other side. */
type Described =
  | { readonly kind: "file"; readonly file: ConstructorParameters<typeof UploadedFile>[0] }
  | { readonly kind: "buffer"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly parts: ErrorParts }
  | { readonly kind: "map"; readonly entries: [unknown, unknown][] }
  | { readonly kind: "set"; readonly items: unknown[] };

/** Where in a value something described belongs: the object that holds it, by which key, and which of the described. */
type Hole = readonly [holder: object, key: string | number, index: number];

const MARK = "offloop value";

/** A value with holes, and what belongs into them. Clones keep identity within a message, so no path is needed. */
interface Holed {
  readonly [MARK]: unknown;
  readonly described: readonly Described[];
  readonly holes: readonly Hole[];
}

/** A value cannot cross. */
export class UncloneableValue extends Error {
  /** What in it, as a path: `args[0].onDone (a function)`. */
  readonly found: string;

  constructor(found: string) {
    super(`${found} cannot cross between threads`);
    this.name = "UncloneableValue";
    this.found = found;
  }
}

/**
 * A value as it crosses; itself, where it is plain data.
 *
 * @param root - How it is called in an error.
 * @param handlers - The app's error handlers: errors of the classes they name keep them.
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
  // What looks like one with holes must not be taken for one there: it may come from a client.
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

/** Copies what holds something that must be described, and describes that; the user's own objects stay as they are. */
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
    else if (needsHelp(value) || types.isMap(value) || types.isSet(value))
      this.#holes.push([holder, key, this.#describe(value)]);
    else this.#set(holder, key, this.#copy(value));
  }

  #set(holder: object, key: string | number, value: unknown): void {
    // Defined, as a key may be called __proto__.
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

/** What holds others is filled when they are all there: they may hold it in turn. */
function fill(made: unknown, described: Described): void {
  if (described.kind === "error") setFields(made as Error, described.parts);
  if (described.kind === "map")
    for (const [key, value] of described.entries) (made as Map<unknown, unknown>).set(key, value);
  if (described.kind === "set") for (const item of described.items) (made as Set<unknown>).add(item);
}

/** What a piece of work gave: its value as it crosses, or what it threw. */
export type TaskOutcome = readonly [ok: true, value: Crossed] | readonly [ok: false, thrown: Thrown];

/** What was thrown, as it crosses. */
export interface Thrown {
  /** What the log shows of it. */
  readonly error: DescribedError;
  /** The value itself, boxed since anything can be thrown; undefined where it cannot cross. */
  readonly boxed: { readonly value: Crossed } | undefined;
  readonly http?: { readonly status: number };
}

/**
 * What was thrown, as it crosses. Never throws.
 *
 * @param handlers - The app's error handlers: the classes they name are on both sides.
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

/** What was thrown, on the other side: an error keeps its class, name, message, stack, cause and own fields. */
export function unpackThrown({ error, boxed }: Thrown, handlers: ErrorHandlers = []): unknown {
  return boxed === undefined ? reviveError(error) : unpackValue(boxed.value, handlers);
}

function reviveError({ type, message, stack }: DescribedError): Error {
  const revived = new Error(message);
  Object.defineProperty(revived, "name", { value: type, configurable: true, writable: true });
  if (stack !== undefined) revived.stack = stack;
  return revived;
}

/** An error as it crosses: it keeps its class where both sides have it, and its own fields as far as they can cross. */
interface ErrorParts {
  /** The nearest of the classes that both sides have, by its name. */
  readonly class: string;
  /** The error handler for it, by its index in the app: the class that it names is on both sides, too. */
  readonly answeredBy: number | undefined;
  /** What it is called, by its own class where its name says nothing. */
  readonly type: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its fields, a cause and the errors of an AggregateError among them. */
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
} as const;

/** Takes an error apart. */
function errorParts(error: Error, handlers: ErrorHandlers): ErrorParts {
  const handler = findErrorHandler(handlers, error);
  return {
    class: sharedClass(error),
    answeredBy: handler && handlers.indexOf(handler),
    type: typeOf(error),
    name: String(error.name),
    message: String(error.message),
    stack: describeError(error).stack,
    fields: fieldsOf(error),
  };
}

/** Makes the error of its parts, all but the fields. No constructor of the user's runs. */
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

/** Gives an error that was made its fields. */
function setFields(error: Error, { fields }: ErrorParts): void {
  for (const [name, value] of Object.entries(fields)) define(error, name, value, !hidden.has(name));
}

/** The nearest class that is on the other side, by its name: each realm has its own. */
function sharedClass(error: Error): string {
  if (error instanceof DOMException) return "DOMException";
  for (let one = Object.getPrototypeOf(error); one !== null; one = Object.getPrototypeOf(one)) {
    const name: unknown = one.constructor?.name;
    if (typeof name === "string" && Object.hasOwn(classes, name)) return name;
  }
  return "Error";
}

/** Fields that the language hides from loops. */
const hidden: ReadonlySet<string> = new Set(["cause", "errors", "issues"]);
const apart: ReadonlySet<string> = new Set(["name", "message", "stack"]);

/** Own fields that are values, hidden ones too: a library may hide its `issues`. What cannot cross is left out. */
function fieldsOf(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    if (apart.has(name) || value === undefined) continue;
    if (findUncloneable(value, "") === undefined) fields[name] = value;
    // It is for the client, as JSON: so it is, then, also here.
    else if (name === "detail" && error instanceof HTTPError) fields[name] = asJson(value);
  }
  return fields;
}

function asJson(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

function define(error: Error, name: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, name, { value, enumerable, configurable: true, writable: true });
}
