import { OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { kindOf, shownValue } from "../../errors/shown-value.ts";
import { type AnySchema, isSchema } from "../../schema/schema.ts";
import { namedDependencies } from "../dependency.ts";
import { flag } from "../flag.ts";
import { checkInputs, schemaInvalid } from "../inputs.ts";
import { timeoutMs } from "../integer.ts";
import { type AnyFunction, type Lane, laneOf } from "../lane.ts";
import {
  checkParameters,
  checkPathParams,
  type DeclaredPath,
  type Operation,
  onItsOwn,
} from "../operation.ts";
import { checkOptionNames } from "../option-names.ts";
import { checkPath, joinPath, pathEmpty } from "../path.ts";
import type { Inherited } from "../router-options.ts";
import { Bindings } from "../settings/bindings.ts";
import { type InvalidMessage, type WebSocketOptions, webSocketOptionNames } from "./websocket.ts";

/** A websocket as declared. */
export interface SocketOperation {
  /** Its handshake, as an operation on the loop that lasts as long as the socket: `WEBSOCKET /rooms/:room`. */
  readonly connection: Operation;
  /**
   * The handling of a message, as an operation on its lane: `WEBSOCKET /rooms/:room message`. Undefined for a
   * whole-socket handler.
   */
  readonly message: Operation | undefined;
  readonly functions: SocketFunctions;
  /** The schemas that messages are checked with. */
  readonly schemas: MessageSchemas;
  readonly onInvalid: ((invalid: InvalidMessage) => Promise<unknown>) | undefined;
  readonly subprotocols: readonly string[];
  /** Where it is served, its rooms: everything made of one declaration shares them, whichever routers and apps it is in. */
  readonly rooms: Bindings<SendToRoom>;
}

/** Checks, encodes and sends a message to everyone in a room. */
export type SendToRoom = (room: string, message: unknown) => Promise<void>;

/** The schemas that messages are checked with; undefined where nothing is checked. */
export interface MessageSchemas {
  readonly received: AnySchema | undefined;
  readonly sent: AnySchema | undefined;
}

/** The functions of a socket that run on the loop. */
export interface SocketFunctions {
  readonly whole: AnyFunction | undefined;
  readonly open: AnyFunction | undefined;
  readonly close: AnyFunction | undefined;
}

const handlerNames = { open: true, message: true, close: true } as const;

/** Makes a websocket from its declaration. The lane of its messages is decided here, once. */
export function createSocketOperation(
  { path, prefix }: DeclaredPath,
  options: WebSocketOptions,
  handler: unknown,
  location: SourceLocation,
): SocketOperation {
  checkPath(path, location);
  const id = socketId(path);
  checkOptionNames(`declare ${id}`, options, webSocketOptionNames, location);
  const { message: received, send: sent, subprotocols = [], onInvalid } = options;
  for (const [name, schema] of Object.entries({ message: received, send: sent }))
    if (schema !== undefined && !isSchema(schema)) throw schemaInvalid(`${id}: ${name}`, schema, location);
  checkSubprotocols(id, subprotocols, location);
  if (onInvalid !== undefined) {
    checkReceived(id, "onInvalid", onInvalid, location);
    checkAsync(id, "onInvalid", onInvalid, location);
  }
  const { functions, message } = readHandler(id, handler, options.runs, location);
  if (message === undefined && options.timeoutMs !== undefined) throw deadlineOfWhole(id, location);
  const connection = connectionOf(id, { path, prefix }, options, location);
  return {
    connection,
    message: message && {
      ...connection,
      id: messageId(id),
      lane: message.lane,
      handler: message.fn,
      isMessage: true,
      timeoutMs: timeoutMs(`timeoutMs of ${id}`, options.timeoutMs, location),
    },
    functions,
    schemas: { received, sent },
    onInvalid,
    subprotocols,
    rooms: new Bindings(),
  };
}

/** A socket that one function handles may stay open for days. */
function deadlineOfWhole(id: string, at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot add ${id}: timeoutMs is the deadline of message, and one function handles the whole socket`,
    { at, fix: "leave out timeoutMs, or pass { message } in place of the function" },
  );
}

function connectionOf(
  id: string,
  { path, prefix }: DeclaredPath & { readonly path: string },
  options: WebSocketOptions,
  location: SourceLocation,
): Operation {
  const inputs = checkInputs(id, options, location);
  checkPathParams(id, joinPath(prefix, path), inputs.params, location);
  return {
    id,
    method: "GET",
    path,
    lane: "loop",
    handler: () => undefined,
    inputs,
    deps: namedDependencies(id, options.deps ?? {}, location, ["socket", "message", "code", "reason"]),
    response: undefined,
    status: 200,
    tags: [],
    timeoutMs: undefined,
    maxBodyBytes: undefined,
    strictTypes: flag(`strictTypes of ${id}`, options.strictTypes, location),
    streamsBody: false,
    documentation: { hidden: true },
    isMessage: false,
    ...onItsOwn,
    location,
  };
}

/** The same websocket under a router's prefix and dependencies. */
export function socketWithin(socket: SocketOperation, { prefix, deps, layers }: Inherited): SocketOperation {
  const { location } = socket.connection;
  const path = joinPath(prefix, socket.connection.path);
  if (path === "") throw pathEmpty("WEBSOCKET", location);
  checkPath(path, location);
  return withEach(socket, (operation) => ({
    ...operation,
    path,
    layers,
    deps: [...deps, ...operation.deps],
  }));
}

/** The same websocket in a mounted app. */
export function mountSocket(
  socket: SocketOperation,
  mountedAt: string,
  outerLayers: Operation["outerLayers"],
): SocketOperation {
  return withEach(socket, (operation) => ({
    ...operation,
    path: mountedAt + operation.path,
    mountedAt,
    outerLayers,
  }));
}

function withEach(socket: SocketOperation, change: (operation: Operation) => Operation): SocketOperation {
  const connection = change(socket.connection);
  const id = socketId(connection.path);
  const message = socket.message && { ...change(socket.message), id: messageId(id) };
  return { ...socket, connection: { ...connection, id }, message };
}

function socketId(path: string): string {
  return `WEBSOCKET ${path}`;
}

/** The id of a socket's messages, in metrics, channels and the log. */
export function messageId(socket: string): string {
  return `${socket} message`;
}

interface ReadHandler {
  readonly functions: SocketFunctions;
  readonly message: { readonly fn: Operation["handler"]; readonly lane: Lane } | undefined;
}

function readHandler(id: string, handler: unknown, runs: Lane | undefined, at: SourceLocation): ReadHandler {
  if (typeof handler === "function") {
    checkReceived(id, wholeHandler, handler, at);
    if (runs !== "loop") checkAsync(id, wholeHandler, handler, at);
    return {
      functions: { whole: handler as AnyFunction, open: undefined, close: undefined },
      message: undefined,
    };
  }
  const handlers = checkHandlers(id, handler, at);
  for (const [name, fn] of Object.entries(handlers)) checkReceived(id, name, fn, at);
  for (const name of ["open", "close"] as const)
    if (handlers[name] !== undefined) checkAsync(id, name, handlers[name], at);
  const lane = laneOf(`${id} message`, handlers.message, runs, at);
  return {
    functions: { whole: undefined, open: handlers.open, close: handlers.close },
    message: { fn: handlers.message, lane },
  };
}

interface Handlers {
  readonly open?: AnyFunction;
  readonly message: AnyFunction;
  readonly close?: AnyFunction;
}

function checkHandlers(id: string, handlers: unknown, at: SourceLocation): Handlers {
  if (typeof handlers !== "object" || handlers === null) {
    throw new OffloopError(
      "OFFLOOP_HANDLER_INVALID",
      `Cannot add ${id}: expected a function or { open, message, close }, got ${kindOf(handlers)}`,
      { at, fix: "pass the handler as the last argument" },
    );
  }
  checkOptionNames(`add the handlers of ${id}`, handlers, handlerNames, at);
  if (!("message" in handlers)) {
    throw new OffloopError("OFFLOOP_HANDLER_INVALID", `Cannot add ${id}: its handlers have no message`, {
      at,
      fix: "add message: async ({ message }) => ..., or pass one async function for the whole socket",
    });
  }
  return handlers as Handlers;
}

const wholeHandler = "the handler of a whole socket";

/** How each function takes what it needs. */
const examples: Readonly<Record<string, string>> = {
  [wholeHandler]: "async ({ socket, request }) => { for await (const message of socket) ... }",
  message: "({ message }) => ...",
  close: "async ({ code, reason }) => ...",
  onInvalid: "async ({ socket, details }) => ...",
};

/** Handlers of `@fastify/websocket` and of `ws` take a request beside the socket, and listen to its events. */
function checkReceived(id: string, what: string, fn: unknown, at: SourceLocation): void {
  if (typeof fn !== "function") return;
  checkParameters(id, what, fn as AnyFunction, {
    at,
    fix: `take the names you need, like ${examples[what] ?? "async ({ socket, request }) => ..."}`,
  });
}

/** @throws {OffloopError} `OFFLOOP_SOCKET_LANE` for a plain function that would receive the socket. */
function checkAsync(id: string, what: string, fn: unknown, at: SourceLocation): void {
  if (laneOf(`${what} of ${id}`, fn, undefined, at) === "loop") return;
  throw new OffloopError(
    "OFFLOOP_SOCKET_LANE",
    `Cannot add ${id}: ${what} is a plain function, which would run on a thread, and a socket cannot cross to one`,
    {
      at,
      fix: "make it async, and put blocking work into a plain message handler or into a task that it calls",
    },
  );
}

function checkSubprotocols(id: string, subprotocols: unknown, at: SourceLocation): void {
  const isToken = (one: unknown): boolean => typeof one === "string" && /^[!#$%&'*+\-.^_`|~\w]+$/.test(one);
  if (Array.isArray(subprotocols) && subprotocols.every(isToken)) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot add ${id}: subprotocols is ${shownValue(subprotocols)}, expected a list of names without spaces and commas`,
    { at, fix: 'name them like ["chat.v2", "chat.v1"]' },
  );
}
