import type { App } from "../app/app.ts";
import type { DependencyDeclaration } from "../app/dependency.ts";
import type { Operation } from "../app/operation.ts";
import {
  servedArounds,
  servedDependents,
  servedOperations,
  servedSockets,
  servedTasks,
} from "../app/parts.ts";
import type { SocketOperation } from "../app/socket-operation.ts";
import { taskDeclaration } from "../app/task.ts";
import type { ErrorCode, SourceLocation } from "../errors/offloop-error.ts";
import { shownPosition } from "../errors/shown-position.ts";
import { originalPosition, readSourceMap } from "../errors/source-map.ts";
import { isAllowed, readAllowances, saidLane } from "./declaration.ts";
import { findLoaded, type LoadedFunction, ModuleCode } from "./module-code.ts";
import type { RuleName, Severity } from "./offence.ts";
import { checkFunction, type FoundOffence, sentence } from "./rules.ts";
import type { FunctionNode } from "./syntax.ts";

/** A place in a declared function that does not fit the function's lane. */
export interface GuardFinding {
  readonly code: ErrorCode;
  readonly severity: Severity;
  /** The operation or task: `GET /items`, `task "resize"`. */
  readonly subject: string;
  /** What is wrong there, in one sentence. */
  readonly problem: string;
  readonly at: SourceLocation;
  /** One action that fixes it. */
  readonly fix: string;
}

const codes: Readonly<Record<RuleName, ErrorCode>> = {
  state: "OFFLOOP_GUARD_STATE",
  blocking: "OFFLOOP_GUARD_BLOCKING",
  promise: "OFFLOOP_GUARD_PROMISE",
};

interface Declared {
  readonly subject: string;
  readonly lane: "loop" | "thread";
  readonly fn: (...args: never[]) => unknown;
  readonly location: SourceLocation;
}

/**
 * Reads the code of every operation and task of an app, and of the functions they call in the same file. It finds plain
 * functions that change variables outside themselves, async ones that block, and plain ones that return a promise.
 */
export function guard(app: App): GuardFinding[] {
  const declared = listDeclared(app);
  const loaded = findLoaded(declared.map(({ fn }) => fn));
  const modules = new Map<string, ModuleCode | undefined>();
  return declared.flatMap((one, index) => {
    try {
      return checkDeclared(one, loaded[index], modules);
    } catch (error) {
      return unguarded(one, error);
    }
  });
}

/** If the guard cannot read a function, it does not object to it: the app is served all the same. */
function unguarded({ subject, location }: Declared, error: unknown): GuardFinding {
  return {
    code: "OFFLOOP_GUARD_FAILED",
    severity: "warned",
    subject,
    problem: `Cannot guard ${subject}: reading its code failed with ${String(error)}`,
    at: location,
    fix: "serve it as it is, and report this with the code of its module",
  };
}

function listDeclared(app: App): Declared[] {
  const operations = servedOperations(app).map(
    ({ id, lane, handler, location }): Declared => ({ subject: id, lane, fn: handler, location }),
  );
  const tasks = servedTasks(app).flatMap((task): Declared[] => {
    const declaration = taskDeclaration(task);
    if (declaration === undefined) return [];
    const { name, lane, fn, location } = declaration;
    return [{ subject: `task "${name}"`, lane, fn, location }];
  });
  const arounds = servedArounds(app).map(
    ({ fn, location }): Declared => ({ subject: "an around", lane: "loop", fn, location }),
  );
  return [
    ...operations,
    ...servedSockets(app).flatMap(listFunctions),
    ...tasks,
    ...arounds,
    ...listDependencies(app),
  ];
}

/** Functions that receive the socket run on the loop; the one that receives a message runs where its declaration says. */
function listFunctions({ connection, message, functions, onInvalid }: SocketOperation): Declared[] {
  const { id, location } = connection;
  const { whole, open, close } = functions;
  const onLoop = Object.entries({ [id]: whole, [`open of ${id}`]: open, [`close of ${id}`]: close });
  const own = [...onLoop, [`onInvalid of ${id}`, onInvalid] as const].flatMap(([subject, fn]): Declared[] =>
    fn === undefined ? [] : [{ subject, lane: "loop", fn, location }],
  );
  return message === undefined
    ? own
    : [...own, { subject: message.id, lane: message.lane, fn: message.handler, location }];
}

/** A plain dependency runs on a thread, whatever needs it; an async one runs wherever the operation that needs it runs. */
function listDependencies(app: App): Declared[] {
  const found: Declared[] = [];
  const seen = { loop: new Set<DependencyDeclaration>(), thread: new Set<DependencyDeclaration>() };
  const visit = (deps: Operation["deps"], outer: Declared["lane"]): void => {
    for (const [, dependency] of deps) {
      const { name, fn, location } = dependency;
      const lane = outer === "thread" ? "thread" : dependency.lane;
      if (seen[lane].has(dependency)) continue;
      seen[lane].add(dependency);
      if (!isOwnState(dependency, lane)) found.push({ subject: `dependency "${name}"`, lane, fn, location });
      visit(dependency.deps, lane);
    }
  };
  for (const { deps, lane } of servedDependents(app)) visit(deps, lane);
  return found;
}

/** State of the whole app is created before the first request, and state of each thread is meant to be that thread's own. */
function isOwnState({ scope }: DependencyDeclaration, lane: Declared["lane"]): boolean {
  return scope === "app" || (scope === "thread" && lane === "thread");
}

function checkDeclared(
  declared: Declared,
  loaded: LoadedFunction | undefined,
  modules: Map<string, ModuleCode | undefined>,
): GuardFinding[] {
  const own = loaded === undefined ? codeAlone(declared) : codeInModule(loaded, modules);
  if (own === undefined) return [];
  const { module, node, place } = own;
  const isOverride = saidLane(node) !== undefined || (declared.lane === "loop") !== node.async;
  const found = checkFunction({ node, lane: declared.lane, isOverride }, module.scopes);
  return found
    .filter((offence) => !isAllowed(module.allowances, offence.rule, startOf(offence).line))
    .filter((offence) => !isAllowedInSource(offence.rule, place(startOf(offence))))
    .map((offence) => ({
      code: codes[offence.rule],
      severity: offence.severity,
      subject: declared.subject,
      problem: sentence(declared.subject, declared.lane, offence),
      at: place(startOf(offence)),
      fix: offence.fix,
    }));
}

/** The compiler may have dropped the comments. */
function isAllowedInSource(rule: FoundOffence["rule"], { file, line }: SourceLocation): boolean {
  return isAllowed(readAllowances(file), rule, line);
}

interface FunctionCode {
  readonly module: ModuleCode;
  readonly node: FunctionNode;
  /** Maps a line and column of the parsed code to the user's source. */
  readonly place: (start: Place) => SourceLocation;
}

type Place = Pick<SourceLocation, "line" | "column">;

function codeInModule(
  { file, source, line, column }: LoadedFunction,
  modules: Map<string, ModuleCode | undefined>,
): FunctionCode | undefined {
  if (!modules.has(file)) modules.set(file, ModuleCode.parse(source));
  const module = modules.get(file);
  const node = module?.functionAt(line, column);
  if (module === undefined || node === undefined) return undefined;
  const map = readSourceMap(file, source);
  const place: FunctionCode["place"] = (start) => {
    const at = { file, ...start };
    return map === undefined ? shownPosition(at) : originalPosition(at, map);
  };
  return { module, node, place };
}

/** Without V8's help: the function's own text, with lines counted from its declaration. */
function codeAlone({ fn, location }: Declared): FunctionCode | undefined {
  const text = Function.prototype.toString.call(fn);
  const module = ModuleCode.parse(`(${text})`) ?? ModuleCode.parse(`({${text}})`);
  const node = module?.firstFunction();
  if (module === undefined || node === undefined) return undefined;
  return { module, node, place: ({ line }) => ({ ...location, line: location.line + line - 1 }) };
}

function startOf({ node }: FoundOffence): Place {
  const { line = 1, column = 0 } = node.loc?.start ?? {};
  return { line, column: column + 1 };
}
