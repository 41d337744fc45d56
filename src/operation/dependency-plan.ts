import {
  type DependencyDeclaration,
  type NamedDependency,
  type Overrides,
  type StandInValue,
  WAYS_OUT,
} from "../app/dependency.ts";
import type { AnyFunction } from "../app/lane.ts";
import type { Operation } from "../app/operation.ts";
import { pathNames } from "../app/path.ts";
import type { SecurityScopes } from "../app/security-scopes.ts";
import { formatLocation, OffloopError, type SourceLocation } from "../errors/offloop-error.ts";

/** A name, and the plan index of the dependency whose value it stands for. */
export interface NamedIndex {
  readonly name: string;
  readonly index: number;
}

/** One dependency of an operation. */
export interface PlannedDependency {
  readonly declaration: DependencyDeclaration;
  /** Its own dependencies: all of them come before it in the plan. */
  readonly deps: readonly NamedIndex[];
  /** How the operation comes to need it: `user > db`. */
  readonly path: string;
  /** A value that exists already: a test's substitute, or the demanded scopes. */
  readonly fixed: StandInValue | undefined;
  /** How it runs on a thread while its operation runs on the loop; undefined where both run in the same place. */
  readonly remote: RemoteUse | undefined;
}

/** A dependency that runs on a thread for an operation on the loop: in one call, together with its neighbours. */
export interface RemoteUse {
  /** The call goes out with this one: what comes next needs the loop, or there is no next. */
  readonly isLast: boolean;
  /** Something on the loop receives its value: only then is it cloned. */
  readonly isReceived: boolean;
  /** A later call needs its value: the thread keeps it until then. */
  readonly isNeededLater: boolean;
}

/** The subject of a plan: an operation, or a task, which has no path. */
export type Planned = Pick<Operation, "id" | "lane" | "path" | "deps" | "location"> & {
  /** A value it cannot receive is meant for something else, on a thread: it is refused only when asked for. */
  readonly mayLack?: boolean;
  /** What receives the values, where that is known. */
  readonly receivers?: readonly AnyFunction[];
};

type Scopes = readonly string[];

/** A dependency under the name by which it is needed: most dependency functions have no name. */
type Link = readonly [name: string, declaration: DependencyDeclaration];

/** Everything an operation needs, in the order of creation. */
export interface DependencyPlan {
  readonly nodes: readonly PlannedDependency[];
  /** What the handler receives. */
  readonly deps: readonly NamedIndex[];
}

/**
 * Plans once what an operation needs. A dependency's own needs come before it, and each dependency comes once, unless
 * it says `cache: false` or is needed with other scopes.
 *
 * @throws {OffloopError} `OFFLOOP_DEPENDENCY_CYCLE`, `OFFLOOP_DEPENDENCY_LANE`, `OFFLOOP_DEPENDENCY_SHARED`,
 * `OFFLOOP_PATH_INVALID`.
 */
export function planDependencies(operation: Planned, overrides: Overrides): DependencyPlan {
  const nodes: LocalDependency[] = [];
  const indexes = new Map<DependencyDeclaration, Map<string, number>>();
  const chain: Link[] = [];

  const resolve = ([name, wanted, own]: NamedDependency, outer: string, demanded: Scopes): NamedIndex => {
    const path = outer === "" ? name : `${outer} > ${name}`;
    const scopes = joinScopes(demanded, own);
    const key = readsScopes(wanted, overrides) ? scopes.toSorted().join(" ") : "";
    const known = indexes.get(wanted) ?? new Map<string, number>();
    indexes.set(wanted, known);
    const index = wanted.cache ? known.get(key) : undefined;
    if (index !== undefined) return { name, index };
    const node = plan(name, wanted, path, scopes);
    nodes.push(node);
    if (node.fixed === undefined) checkPathNames(operation, node.declaration, path);
    known.set(key, nodes.length - 1);
    return { name, index: nodes.length - 1 };
  };

  const plan = (
    name: string,
    wanted: DependencyDeclaration,
    path: string,
    scopes: Scopes,
  ): LocalDependency => {
    const replacement = overrides.get(wanted) ?? wanted;
    if ("value" in replacement) return { declaration: wanted, deps: [], path, fixed: replacement };
    const start = chain.findIndex(([, outer]) => outer === replacement);
    if (start >= 0) throw cycle(operation, [...chain.slice(start), [name, replacement]]);
    chain.push([name, replacement]);
    const deps = replacement.deps.map((inner) => resolve(inner, path, scopes));
    chain.pop();
    const fixed = replacement.givesScopes ? { value: scopesValue(scopes) } : undefined;
    return { declaration: replacement, deps, path, fixed };
  };

  const deps = operation.deps.map((named) => resolve(named, "", []));
  if (operation.lane === "thread")
    return { deps, nodes: nodes.map((node) => ({ ...node, remote: undefined })) };
  return { deps, nodes: withRemoteUses(operation, nodes, deps) };
}

type LocalDependency = Omit<PlannedDependency, "remote">;

/**
 * Plans what runs on a thread for an operation on the loop. Dependencies with no call on the loop between them go out
 * as one call. The order never changes, since one may guard the next.
 */
function withRemoteUses(
  operation: Planned,
  nodes: readonly LocalDependency[],
  deps: readonly NamedIndex[],
): PlannedDependency[] {
  const isRemote = nodes.map(({ fixed, declaration }) => fixed === undefined && runsOnThread(declaration));
  const isOnLoop = nodes.map(
    ({ fixed, declaration }, index) =>
      fixed === undefined && declaration.scope !== "app" && isRemote[index] === false,
  );
  const callOf = numberCalls(isOnLoop);
  const isReceived = (wanted: number): boolean =>
    deps.some(({ index }) => index === wanted) ||
    nodes.some((node, at) => isOnLoop[at] === true && node.deps.some(({ index }) => index === wanted));
  const isNeededLater = (wanted: number): boolean =>
    nodes.some(
      (node, at) =>
        isRemote[at] === true &&
        callOf[at] !== callOf[wanted] &&
        node.deps.some(({ index }) => index === wanted),
    );
  return nodes.map((node, index) => {
    if (isRemote[index] !== true) return { ...node, remote: undefined };
    const isLast = !nodes.some(
      (_, at) => at > index && isRemote[at] === true && callOf[at] === callOf[index],
    );
    const isHeld = node.declaration.scope === "thread";
    const isLeftThere = isHeld && operation.mayLack === true;
    const remote = {
      isLast,
      isReceived: !isLeftThere && isReceived(index),
      isNeededLater: isNeededLater(index),
    };
    const name = deps.find((received) => received.index === index)?.name ?? node.path;
    if (remote.isReceived && isHeld) throw heldByThread(operation, name, node.declaration.location);
    checkSharing(operation, node, nodes);
    return { ...node, remote };
  });
}

/** The number of the call that each dependency would go out with: after one that is called on the loop, the next. */
function numberCalls(isOnLoop: readonly boolean[]): number[] {
  let call = 0;
  return isOnLoop.map((onLoop) => (onLoop ? ++call : call));
}

/** A value that lives as long as the app is created where the app is served: a request never goes to a thread for it. */
function runsOnThread({ lane, scope }: DependencyDeclaration): boolean {
  return lane === "thread" && scope !== "app";
}

function checkPathNames(operation: Planned, declaration: DependencyDeclaration, path: string): void {
  const names = pathNames(operation.path);
  const unknown = Object.keys(declaration.inputs.params).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new OffloopError(
    "OFFLOOP_PATH_INVALID",
    `Cannot add ${operation.id}: its dependency ${path} reads "${unknown}", but the path has no :${unknown}`,
    {
      at: operation.location,
      note: `the dependency: ${formatLocation(declaration.location)}`,
      fix: `add /:${unknown} to the path`,
    },
  );
}

/** A value of the scope "thread" is a handle, or it would belong to the app: nothing on the loop can use it. */
function heldByThread(
  { id, location: at, receivers }: Planned,
  path: string,
  declared: SourceLocation,
): OffloopError {
  return new OffloopError(
    "OFFLOOP_DEPENDENCY_LANE",
    `Cannot add ${id}: it is async and receives ${path}, whose scope is "thread": its value cannot leave its thread`,
    {
      at,
      note: `the dependency: ${formatLocation(declared)}`,
      fix: receivers?.every((fn) => !mayTake(fn, path)) === true ? leaveOut(path) : WAYS_OUT,
    },
  );
}

/** Whether a function's code mentions what it would receive. */
function mayTake(fn: AnyFunction, name: string): boolean {
  return new Set(Function.prototype.toString.call(fn).match(/[\w$]+/g)).has(name);
}

function leaveOut(name: string): string {
  return `leave ${name} out of its deps, since it never takes it: if its router declares ${name} for all, move it to the operations that use it`;
}

/**
 * While an operation on the loop runs, its generators are open on a thread, which runs other requests meanwhile. Who
 * wrote the scope "request" has said that these may use the same value.
 */
function checkSharing(
  { id, location: at }: Planned,
  { path, declaration, deps }: LocalDependency,
  nodes: readonly LocalDependency[],
): void {
  if (!declaration.isGenerator || declaration.scope !== "function") return;
  const shared = sharedAmong(deps, nodes);
  if (shared === undefined) return;
  throw new OffloopError(
    "OFFLOOP_DEPENDENCY_SHARED",
    `Cannot add ${id}: it is async, so while it runs, ${path} is open on a thread where other requests use "${shared}" of the scope "thread"`,
    { at, note: `the dependency: ${formatLocation(declaration.location)}`, fix: WAYS_OUT },
  );
}

/** The name of a value of the scope "thread" that some of these are made of, but not by another generator. */
function sharedAmong(deps: readonly NamedIndex[], nodes: readonly LocalDependency[]): string | undefined {
  for (const { name, index } of deps) {
    const { declaration, deps: inner, fixed } = nodes[index] as LocalDependency;
    if (fixed !== undefined || declaration.scope === "app") continue;
    if (declaration.scope === "thread") return name;
    const found = declaration.isGenerator ? undefined : sharedAmong(inner, nodes);
    if (found !== undefined) return found;
  }
  return undefined;
}

function cycle({ id, location: at }: Planned, chain: readonly Link[]): OffloopError {
  const [[, first]] = chain as readonly [Link];
  return new OffloopError(
    "OFFLOOP_DEPENDENCY_CYCLE",
    `Cannot add ${id}: its dependencies need each other: ${chain.map(([name]) => name).join(" > ")}`,
    {
      at,
      note: `the first of them: ${formatLocation(first.location)}`,
      fix: "take one of them out of the deps of the other",
    },
  );
}

/** The scopes demanded so far plus those demanded here, each once, in this order. */
function joinScopes(demanded: readonly string[], own: readonly string[]): readonly string[] {
  return own.length === 0 ? demanded : [...new Set([...demanded, ...own])];
}

/** The value of the dependency that provides the scopes. */
function scopesValue(scopes: readonly string[]): SecurityScopes {
  return { scopes, scopeStr: scopes.join(" ") };
}

/** Whether a dependency's value depends on the scopes demanded on the way to it. */
function readsScopes(
  wanted: DependencyDeclaration,
  overrides: Overrides,
  seen: Set<DependencyDeclaration> = new Set(),
): boolean {
  const dependency = overrides.get(wanted) ?? wanted;
  if ("value" in dependency || seen.has(dependency)) return false;
  seen.add(dependency);
  return dependency.givesScopes || dependency.deps.some(([, inner]) => readsScopes(inner, overrides, seen));
}

/** Everything operations need, overridden or not: each once, in the same order wherever the same app is loaded. */
export function listDependencies(
  operations: readonly Pick<Operation, "deps">[],
  overrides: Overrides,
): DependencyDeclaration[] {
  const found = new Set<DependencyDeclaration>();
  const visit = (dependency: DependencyDeclaration): void => {
    if (found.has(dependency)) return;
    found.add(dependency);
    const replacement = overrides.get(dependency);
    if (replacement !== undefined && !("value" in replacement)) visit(replacement);
    for (const [, inner] of dependency.deps) visit(inner);
  };
  for (const { deps } of operations) for (const [, dependency] of deps) visit(dependency);
  return [...found];
}

/**
 * The dependencies of the scope "app" that threads need: for operations that run there, and for
 * what they keep for others.
 */
export function listAppDependenciesInThreads(
  operations: readonly Pick<Operation, "deps" | "lane">[],
  overrides: Overrides,
): DependencyDeclaration[] {
  const kept = listDependencies(
    operations.filter(({ lane }) => lane === "loop"),
    overrides,
  ).filter(({ scope, lane }) => scope === "thread" && lane === "thread");
  const threaded = operations.filter(({ lane }) => lane === "thread");
  return listAppDependencies([...threaded, ...kept], overrides);
}

/**
 * The dependencies of the scope "app" whose value is received by an operation or task, or by a
 * dependency of another scope.
 */
export function listAppDependencies(
  operations: readonly Pick<Operation, "deps">[],
  overrides: Overrides,
): DependencyDeclaration[] {
  const seen = new Set<DependencyDeclaration>();
  const found: DependencyDeclaration[] = [];
  const visit = (wanted: DependencyDeclaration): void => {
    const dependency = overrides.get(wanted) ?? wanted;
    if ("value" in dependency || seen.has(dependency)) return;
    seen.add(dependency);
    if (dependency.scope === "app") found.push(dependency);
    else for (const [, inner] of dependency.deps) visit(inner);
  };
  for (const { deps } of operations) for (const [, dependency] of deps) visit(dependency);
  return found;
}
