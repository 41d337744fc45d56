import { types } from "node:util";
import { isOwnFrame } from "./own-code.ts";

/** An error as plain data: what the log shows of it, and what can cross between threads. */
export interface DescribedError {
  /** Its class, such as `TypeError`. */
  readonly type: string;
  /** Its message, followed by the messages of the errors that an AggregateError or a SuppressedError holds. */
  readonly message: string;
  /** Its stack, if it has one. */
  readonly stack?: string;
  /** Its `code`, if it has one, such as `ECONNREFUSED`. */
  readonly code?: string;
  /** The error that led to it, or the first that it holds, if it has one. */
  readonly cause?: DescribedError;
  /** Set where the app chose the answer, by an error handler or an HTTPError: the log has the error, and the answer stays. */
  readonly isAnswered?: true;
}

/** Whether it is an error of any realm: errors from `node:vm` are not instances of this realm's classes. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** A thrown value as one text, such as `TypeError: x is not a function`. Never throws. */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    const { type, message } = describeError(thrown); // its own toString throws, or is no function
    return `${type}: ${message}`;
  }
}

/** The heading of an error for display: its class, and its code if that says more. */
export function headOf({ type, code }: DescribedError): string {
  return code === undefined || code === type ? type : `${type} (${code})`;
}

const MAX_CAUSES = 5;

/** Turns any thrown value into plain data. Never throws. */
export function describeError(thrown: unknown): DescribedError {
  return describeAt(0, thrown);
}

/** A cause that cannot be read must not take along what is known of the error. */
function describeAt(depth: number, thrown: unknown): DescribedError {
  try {
    return describe(thrown, depth);
  } catch {
    return { type: typeof thrown, message: "an error whose own fields throw when they are read" };
  }
}

/** The same for an error that was thrown while another was answered: the first becomes its last cause, so the log has both. */
export function describeAfter(error: unknown, first: unknown): DescribedError {
  const own = describeError(error);
  return leadsBackTo(error, first) ? own : causedBy(own, describeError(first));
}

function leadsBackTo(error: unknown, first: unknown): boolean {
  try {
    let cause: unknown = error;
    for (let depth = 0; depth <= MAX_CAUSES && cause !== first; depth++)
      cause = isError(cause) ? cause.cause : undefined;
    return cause === first;
  } catch {
    return false;
  }
}

/** The error with another one as its last cause. */
export function causedBy(error: DescribedError, last: DescribedError): DescribedError {
  return { ...error, cause: error.cause === undefined ? last : causedBy(error.cause, last) };
}

function describe(thrown: unknown, depth: number): DescribedError {
  if (!isError(thrown)) return { type: typeof thrown, message: printed(thrown) };
  const { message, stack } = thrown;
  const code = (thrown as { code?: unknown }).code;
  const held = heldBy(thrown);
  const cause = thrown.cause ?? held[0];
  return {
    type: typeOf(thrown),
    message: held.length === 0 ? String(message) : withHeld(String(message), held),
    ...(stack === undefined ? {} : { stack: userStack(String(stack)) }),
    ...(code === undefined ? {} : { code: String(code) }),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describeAt(depth + 1, cause) }),
  };
}

/**
 * The errors that an AggregateError or a SuppressedError holds, the one to look at first in front. Its own message need not
 * mention them: that of a connection that no address of a name accepted is empty.
 */
function heldBy(thrown: Error): readonly unknown[] {
  const { name } = thrown;
  const { errors, error, suppressed } = thrown as Partial<AggregateError & SuppressedError>;
  if (name === "AggregateError" && Array.isArray(errors)) return errors;
  return name === "SuppressedError" ? [suppressed, error] : [];
}

const MAX_HELD = 5;

function withHeld(message: string, held: readonly unknown[]): string {
  const texts = held
    .slice(0, MAX_HELD)
    .map((one) => (isError(one) ? one.message || typeOf(one) : printed(one)));
  const more = held.length > MAX_HELD ? [`and ${held.length - MAX_HELD} more`] : [];
  const all = [...texts, ...more].join("; ");
  return message === "" ? all : `${message}: ${all}`;
}

/** A stack down to where offloop called the user's function; offloop's own errors keep all of it. */
function userStack(stack: string): string {
  const lines = stack.split("\n");
  const frames = lines.findIndex((line) => /^\s+at /.test(line));
  const own = lines.findIndex((line) => isOwnFrame(line));
  return frames === -1 || own <= frames ? stack : lines.slice(0, own).join("\n");
}

function printed(value: unknown): string {
  try {
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

const described = new WeakMap<Error, DescribedError>();
const namedClasses = new WeakMap<ErrorConstructor, Map<string, ErrorConstructor>>();
const MAX_CLASSES = 1_000;

/**
 * Turns a described error back into an error, for a log: loggers expect instances of Error, and take its type from the
 * name of its class.
 */
export function loggable(error: DescribedError): Error {
  const { isAnswered: _, ...shown } = error;
  const { type, message, stack, code, cause } = shown;
  const made = Reflect.construct(Error, [message], namedClass(type, Error)) as Error;
  const fields = { name: type, stack: stack ?? `${type}: ${message}`, cause: cause && loggable(cause) };
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) Object.defineProperty(made, name, { value, configurable: true, writable: true });
  if (code !== undefined) Object.assign(made, { code });
  described.set(made, shown);
  return made;
}

/** The description that {@link loggable} made an error from; undefined for any other error. */
export function describedBy(error: Error): DescribedError | undefined {
  return described.get(error);
}

/** A class with this name that extends another: for errors whose own class does not exist here. */
export function namedClass(name: string, base: ErrorConstructor): ErrorConstructor {
  if (name === base.name) return base;
  const known = namedClasses.get(base)?.get(name);
  if (known !== undefined) return known;
  const made = { [name]: class extends base {} }[name] as unknown as ErrorConstructor;
  const ofBase = namedClasses.get(base) ?? new Map<string, ErrorConstructor>();
  if (ofBase.size < MAX_CLASSES) namedClasses.set(base, ofBase.set(name, made));
  return made;
}

/** The type of an error: its name if it has one of its own, else the name of its class, as in pino. */
export function typeOf(error: Error): string {
  const name = String(error.name);
  if (!languageNames.has(name)) return name;
  const named: unknown = error.constructor?.name;
  return typeof named === "string" && named !== "" && named !== "Object" ? named : name;
}

const languageNames: ReadonlySet<string> = new Set([
  ...["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"],
  "AggregateError",
]);
