import { findUncloneable } from "../../app/cloneable.ts";
import { type ErrorHandlers, findErrorHandler } from "../../app/error-handlers.ts";
import { describeError } from "../../errors/described-error.ts";
import { HTTPError, ValidationError } from "../../errors/http-error.ts";
import { WebSocketError } from "../../errors/websocket-error.ts";

/** An error as it crosses: it keeps its class where both sides have it, and its own fields as far as they can cross. */
export interface ErrorParts {
  /** The nearest of the classes that both sides have, by its name. */
  readonly class: string;
  /** The error handler for it, by its index in the app: the class that it names is on both sides, too. */
  readonly answeredBy: number | undefined;
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
export function errorParts(error: Error, handlers: ErrorHandlers): ErrorParts {
  const handler = findErrorHandler(handlers, error);
  return {
    class: sharedClass(error),
    answeredBy: handler && handlers.indexOf(handler),
    name: String(error.name),
    message: String(error.message),
    stack: describeError(error).stack,
    fields: fieldsOf(error),
  };
}

/** Makes the error of its parts, all but the fields. No constructor of the user's runs. */
export function makeError({ class: name, answeredBy, ...parts }: ErrorParts, handlers: ErrorHandlers): Error {
  const { message, stack } = parts;
  if (name === "DOMException") return new DOMException(message, parts.name);
  const answered = answeredBy === undefined ? undefined : handlers[answeredBy]?.type;
  const type = answered ?? classes[name as keyof typeof classes] ?? Error;
  const error = Reflect.construct(Error, [message], type) as Error;
  if (stack !== undefined) define(error, "stack", stack);
  if (error.name !== parts.name) define(error, "name", parts.name);
  return error;
}

/** Gives an error that was made its fields. */
export function setFields(error: Error, { fields }: ErrorParts): void {
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
