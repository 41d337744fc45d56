import { types } from "node:util";
import { isError } from "../errors/described-error.ts";
import { UploadedFile } from "./uploaded-file.ts";

/**
 * How deep a value may be nested. The main thread, whose stack is a quarter of a thread's, can still read objects that
 * are 1,600 deep. It would lose a message with anything deeper, and the call would never be answered.
 */
const MAX_DEPTH = 1_000;
const TOO_DEEP = `it is nested more than ${MAX_DEPTH.toLocaleString("en")} levels deep`;

/** The parts of a value that do not cross to another thread by themselves. */
export interface Crossing {
  /** The part that cannot cross at all, as a path: `[0].onDone (a function)`. */
  readonly fault: string | undefined;
  /**
   * Whether it contains something that would arrive changed, and crosses only with help: an error, an uploaded file, a
   * `Buffer`.
   */
  readonly needsHelp: boolean;
}

/**
 * Finds the parts of a value that cannot be sent to another thread, or would lose something on the way: the structured
 * clone algorithm strips an instance of a class of its class, its getters and its private fields.
 *
 * @param root - The value's name in the path.
 */
export function examineCrossing(value: unknown, root: string): Crossing {
  const examination: Examination = { seen: new Set(), depth: 0, needsHelp: false };
  try {
    const found = examine(value, examination);
    const fault = found && `${root}${found.path.toReversed().join("")} (${found.why})`;
    return { fault, needsHelp: examination.needsHelp };
  } catch (error) {
    const why = error instanceof RangeError ? TOO_DEEP : "a getter in it throws";
    return { fault: `${root} (${why})`, needsHelp: false };
  }
}

/** Finds the part of a value that cannot be sent to another thread, as a path: `[0].onDone (a function)`. */
export function findUncloneable(value: unknown, root: string): string | undefined {
  return examineCrossing(value, root).fault;
}

/** Whether it would cross by itself, but changed: such values are described here and recreated there. */
export function needsHelp(object: object): boolean {
  return isError(object) || object instanceof UploadedFile || Buffer.isBuffer(object);
}

interface Examination {
  readonly seen: Set<object>;
  /** How many objects hold the one that is examined. */
  depth: number;
  needsHelp: boolean;
}

interface Fault {
  readonly why: string;
  /** The steps that lead to it, last one first. */
  readonly path: string[];
}

function examine(part: unknown, examination: Examination): Fault | undefined {
  if (typeof part === "function") return { why: "a function", path: [] };
  if (typeof part === "symbol") return { why: "a symbol", path: [] };
  if (part === null || typeof part !== "object" || examination.seen.has(part)) return undefined;
  examination.seen.add(part);
  const isPlain = isPlainData(part); // most are: checked first, since each further question costs
  const why = isPlain ? undefined : objectFault(part);
  if (why !== undefined) return { why, path: [] };
  if (!isPlain && needsHelp(part)) {
    examination.needsHelp = true;
    return undefined;
  }
  if (++examination.depth > MAX_DEPTH) throw new RangeError("nested too deeply");
  const fault = examineChildren(part, examination);
  examination.depth--;
  return fault;
}

function examineChildren(object: object, examination: Examination): Fault | undefined {
  if (Array.isArray(object)) {
    for (let index = 0; index < object.length; index++) {
      const fault = examine(object[index], examination);
      if (fault !== undefined) return within(fault, `[${index}]`);
    }
    return undefined;
  }
  if (types.isMap(object)) {
    for (const [key, item] of object) {
      const fault = examine(key, examination);
      if (fault !== undefined) return within(fault, " key");
      const inner = examine(item, examination);
      if (inner !== undefined) return within(inner, `.get(${String(key)})`);
    }
    return undefined;
  }
  if (types.isSet(object)) {
    for (const item of object) {
      const fault = examine(item, examination);
      if (fault !== undefined) return within(fault, " item");
    }
    return undefined;
  }
  if (!isRecord(object)) return undefined;
  for (const key of Object.keys(object)) {
    const fault = examine((object as Record<string, unknown>)[key], examination);
    if (fault !== undefined) return within(fault, `.${key}`);
  }
  return undefined;
}

function within(fault: Fault, step: string): Fault {
  fault.path.push(step);
  return fault;
}

function isPlainData(object: object): boolean {
  if (types.isProxy(object)) return false;
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || (prototype === Array.prototype && Array.isArray(object));
}

/** Classes whose instances cross whole, by name, since every realm may have its own. */
const whole: ReadonlySet<string> = new Set(
  "Array Map Set Date RegExp Boolean Number String BigInt Blob File UploadedFile Buffer ArrayBuffer SharedArrayBuffer DataView"
    .concat(
      " Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array",
    )
    .concat(" Float32Array Float64Array BigInt64Array BigUint64Array")
    .split(" "),
);

function objectFault(object: object): string | undefined {
  if (types.isProxy(object)) return "a proxy";
  if (types.isPromise(object)) return "a promise";
  if (types.isGeneratorObject(object)) return "a generator";
  if (object instanceof WeakMap || object instanceof WeakSet || object instanceof WeakRef)
    return "a weak reference";
  if (isRecord(object) || isError(object)) return undefined;
  if (types.isKeyObject(object) || types.isCryptoKey(object)) return undefined;
  if (isDetached(object)) return "bytes that were transferred elsewhere";
  const name = (object as { constructor?: { name?: unknown } }).constructor?.name;
  if (typeof name === "string" && whole.has(name) && !isOwnClass(object, name)) return undefined;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an instance of a class";
}

function isDetached(object: object): boolean {
  const buffer = ArrayBuffer.isView(object) ? object.buffer : object;
  return types.isArrayBuffer(buffer) && buffer.detached;
}

/** Whether it is a user's class with the name of one of the platform's. */
function isOwnClass(object: object, name: string): boolean {
  if (object instanceof UploadedFile) return false;
  const known = (globalThis as Record<string, unknown>)[name];
  if (typeof known !== "function" || object instanceof known) return false;
  return Object.prototype.toString.call(object) === "[object Object]";
}

/** An object of any realm that is not an instance of a class: its prototype is that of `{}`, or null. */
function isRecord(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
