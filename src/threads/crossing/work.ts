import type { DependencyDeclaration, Overrides, StandInValue } from "../../app/dependency.ts";
import type { ErrorHandler } from "../../app/error-handlers.ts";
import { nearestHandlers } from "../../app/layer.ts";
import type { Operation } from "../../app/operation.ts";
import { type InputSettings, inputBounds } from "../../app/settings/input-settings.ts";
import type { Resolved } from "../../app/settings/resolved.ts";
import type { SocketOperation } from "../../app/sockets/socket-operation.ts";
import type { TaskDeclaration } from "../../app/tasks/task-declaration.ts";
import { formatLocation, OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import {
  type CompiledOperation,
  compileDependency,
  compileOperation,
  compileTaskDependencies,
  type OperationSettings,
} from "../../operation/compile.ts";
import {
  type DependencyPlan,
  listDependencies,
  type PlannedDependency,
  planDependencies,
} from "../../operation/dependency-plan.ts";
import { compileInputs } from "../../operation/inputs.ts";
import { MessageFormat } from "../../operation/messages.ts";
import type { CompiledMessage } from "../../operation/run-message.ts";
import type { CompiledTask } from "../../operation/run-task.ts";

/** An operation, as work for a thread. */
export class OperationWork {
  readonly id: string;
  readonly declaration: Operation;
  readonly plan: DependencyPlan;
  readonly #settings: OperationSettings;
  readonly #inputs: Resolved<InputSettings>;
  #compiled: CompiledOperation | undefined;

  constructor(declaration: Operation, settings: OperationSettings, { overrides, inputs }: WorkSettings) {
    this.id = declaration.id;
    this.declaration = declaration;
    this.plan = planDependencies({ receivers: [declaration.handler], ...declaration }, overrides);
    this.#settings = settings;
    this.#inputs = inputs;
  }

  /** Compiled at its first call, so that a thread is ready before it has gone through 200 schemas. */
  get compiled(): CompiledOperation {
    this.#compiled ??= compileOperation(this.declaration, this.plan, this.#settings, this.#inputs);
    return this.#compiled;
  }

  /** Whether the operation, or a dependency of it, reads a form. */
  get readsForm(): boolean {
    return this.#all.some(({ inputs }) => inputs.form !== undefined);
  }

  /** Whether the operation, or a dependency of it, declares the contents of the session. */
  get readsSession(): boolean {
    return this.#all.some(({ inputs }) => inputs.session !== undefined);
  }

  /** Whether its body is parsed on the lane where it runs: when the operation, or a dependency of it, reads it. */
  get parsesBody(): boolean {
    return this.readsForm || this.#all.some(({ inputs }) => inputs.body !== undefined);
  }

  get #all(): readonly Pick<Operation, "inputs">[] {
    return [this.declaration, ...this.plan.nodes.map((node) => node.declaration)];
  }
}

/** A websocket's connection, as an operation on the loop. Threads never run it, only its plain dependencies. */
export class ConnectionWork {
  readonly id: string;
  readonly socket: SocketOperation;
  readonly declaration: Operation;
  readonly plan: DependencyPlan;
  /** How a message is handled. Undefined for a whole socket. */
  readonly message: MessageWork | undefined;
  readonly #operation: OperationWork;
  readonly #inputs: Resolved<InputSettings>;

  constructor(socket: SocketOperation, settings: OperationSettings, workSettings: WorkSettings) {
    const { connection, message } = socket;
    this.id = connection.id;
    this.socket = socket;
    this.declaration = connection;
    // A plain message handler makes what it receives itself, in its thread.
    const mayLack = message?.lane === "thread";
    const receivers = [...Object.values(socket.functions), message?.handler].filter((fn) => fn !== undefined);
    const planned = { ...connection, mayLack, receivers };
    this.#operation = new OperationWork(planned, settings, workSettings);
    this.plan = this.#operation.plan;
    this.message = message && new MessageWork(socket, message, workSettings);
    this.#inputs = workSettings.inputs;
  }

  /** Compiled when the first socket is opened. */
  get compiled(): CompiledOperation {
    return this.#operation.compiled;
  }

  /** Whether the connection, or a dependency of it, declares the contents of the session. */
  get readsSession(): boolean {
    return this.#operation.readsSession;
  }

  /** The format of its messages, for reading and sending them on the loop. */
  createFormat(): MessageFormat {
    const bounds = inputBounds(this.#inputs, "loop", this.declaration.strictTypes);
    return new MessageFormat(this.declaration, this.socket.schemas, bounds);
  }
}

/** How a websocket's messages are handled. */
export class MessageWork {
  readonly id: string;
  readonly declaration: Operation;
  readonly plan: DependencyPlan;
  /** Dependencies whose values come with each message: those created on the loop, when the socket is opened. */
  readonly sent: readonly SentDependency[];
  readonly #socket: SocketOperation;
  readonly #inputs: Resolved<InputSettings>;
  #compiled: CompiledMessage | undefined;

  constructor(socket: SocketOperation, message: Operation, { overrides, inputs }: WorkSettings) {
    this.id = message.id;
    this.declaration = message;
    this.plan = planDependencies(message, message.lane === "loop" ? overrides : withSent(message, overrides));
    this.sent = this.plan.nodes
      .filter(({ fixed }) => fixed === sentLater)
      .map(({ path, declaration: wanted }) => ({ path, declaration: replaced(wanted, overrides) ?? wanted }));
    this.#socket = socket;
    this.#inputs = inputs;
  }

  /** Compiled at its first message. */
  get compiled(): CompiledMessage {
    this.#compiled ??= this.#compile();
    return this.#compiled;
  }

  #compile(): CompiledMessage {
    const bounds = inputBounds(this.#inputs, this.declaration.lane, this.declaration.strictTypes);
    return {
      declaration: this.declaration,
      plan: this.plan,
      dependencies: this.plan.nodes.map((node) => compileDependency(node, bounds)),
      inputs: compileInputs(this.declaration.inputs, bounds),
      format: new MessageFormat(this.declaration, this.#socket.schemas, bounds),
      errorHandlers: nearestHandlers(this.declaration.layers),
      hasOnInvalid: this.#socket.onInvalid !== undefined,
    };
  }
}

/** A dependency whose value comes with each message. */
export interface SentDependency {
  /** Its path in the plan of the message. */
  readonly path: string;
  /** What is created in its place when the socket is opened. */
  readonly declaration: DependencyDeclaration;
}

const sentLater: StandInValue = { value: undefined, isSent: true };

/** Makes values created on the loop come with each message. */
function withSent(message: Operation, overrides: Overrides): Overrides {
  const sent = listDependencies([message], overrides).filter((wanted) => {
    const made = replaced(wanted, overrides);
    return made !== undefined && isMadeOnLoop(made);
  });
  return new Map([...overrides, ...sent.map((wanted) => [wanted, sentLater] as const)]);
}

/** What is created in a dependency's place; undefined where a value replaces it. */
function replaced(wanted: DependencyDeclaration, overrides: Overrides): DependencyDeclaration | undefined {
  const by = overrides.get(wanted) ?? wanted;
  return "value" in by ? undefined : by;
}

/** Lives as long as the socket: what lives longer exists in each thread. */
function isMadeOnLoop({ lane, scope, givesScopes }: DependencyDeclaration): boolean {
  return lane === "loop" && (scope === "request" || scope === "function") && !givesScopes;
}

/** The plain dependencies of an operation or a task that runs on the loop. */
export class DependencyWork {
  readonly id: string;
  readonly operation: Dependent;
  readonly declaration: { readonly lane: "thread"; readonly location: SourceLocation };

  constructor(operation: Dependent) {
    this.id = dependencyWorkId(operation.id);
    this.operation = operation;
    this.declaration = { lane: "thread", location: operation.declaration.location };
  }

  /** One of them, by its path in the plan. */
  planned(path: string): PlannedDependency {
    return this.operation.plan?.nodes.find((node) => node.path === path) as PlannedDependency;
  }
}

type Dependent = OperationWork | ConnectionWork | TaskWork;

/** An error handler. */
export class ErrorHandlerWork {
  readonly id: string;
  readonly declaration: ErrorHandler;

  constructor(declaration: ErrorHandler, index: number) {
    this.id = errorHandlerWorkId(index);
    this.declaration = declaration;
  }
}

/** A task, as work for a thread. */
export class TaskWork {
  readonly id: string;
  readonly declaration: TaskDeclaration;
  /** Its dependencies; undefined where it declares no deps. */
  readonly plan: DependencyPlan | undefined;
  /** The same, ready to be called. */
  readonly compiled: CompiledTask | undefined;

  constructor(declaration: TaskDeclaration, overrides: Overrides) {
    const { name, lane, deps, location } = declaration;
    const id = taskWorkId(name);
    this.id = id;
    this.declaration = declaration;
    this.plan = deps && planDependencies({ id, lane, path: "", deps, location }, overrides);
    for (const node of this.plan?.nodes ?? []) checkWithoutRequest(declaration, node);
    this.compiled = this.plan && {
      id,
      declaration,
      plan: this.plan,
      dependencies: compileTaskDependencies(this.plan),
    };
  }
}

function checkWithoutRequest(
  { name, location }: TaskDeclaration,
  { declaration, path }: PlannedDependency,
): void {
  if (declaration.inputs.isEmpty) return;
  throw new OffloopError(
    "OFFLOOP_DEPENDENCY_INVALID",
    `Cannot add task "${name}": its dependency ${path} reads inputs of a request, and a task has none`,
    {
      at: location,
      note: `the dependency: ${formatLocation(declaration.location)}`,
      fix: "pass the values that the task needs as arguments",
    },
  );
}

export type Work =
  | OperationWork
  | ConnectionWork
  | MessageWork
  | TaskWork
  | DependencyWork
  | ErrorHandlerWork;

/** The id by which threads find a task. */
export function taskWorkId(name: string): string {
  return `task ${name}`;
}

/** The id by which threads find an operation's dependencies. */
export function dependencyWorkId(operation: string): string {
  return `dependencies of ${operation}`;
}

/** The id by which threads find an error handler. */
export function errorHandlerWorkId(index: number): string {
  return `error handler ${index}`;
}

/** The options of serving an app that affect what it runs. */
export interface WorkSettings {
  /** Replaced dependencies. */
  readonly overrides: Overrides;
  readonly inputs: Resolved<InputSettings>;
}

/** From this many milliseconds on a run is long: its operation may not use the express lane. */
export const SHORT_MS = 50;
/** Runs below this are quick: several of these calls may be handed to a thread at once, and answered at once. */
const QUICK_MS = 1;
/** How many past runs count. */
const WINDOW = 16;

/** How long the last runs of one operation or task took. */
export class RunHistory {
  #runs = 0;
  /** One bit per run, the newest lowest: set when the run was long. */
  #long = 0;
  #longCount = 0;
  #quickInARow = 0;

  /** @param ms - How long the run took. */
  record(ms: number): void {
    const oldest = (this.#long >>> (WINDOW - 1)) & 1;
    const newest = ms >= SHORT_MS ? 1 : 0;
    this.#long = ((this.#long << 1) | newest) & ((1 << WINDOW) - 1);
    this.#longCount += newest - oldest;
    if (this.#runs < WINDOW) this.#runs++;
    this.#quickInARow = ms < QUICK_MS ? this.#quickInARow + 1 : 0;
  }

  /** Whether the median of the last runs is under 50 ms. False before the first run. */
  get isShort(): boolean {
    return this.#runs > 0 && this.#longCount * 2 < this.#runs;
  }

  /** Whether every one of the last 16 runs took less than a millisecond. */
  get isQuick(): boolean {
    return this.#quickInARow >= WINDOW;
  }
}
