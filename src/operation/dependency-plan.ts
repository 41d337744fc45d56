import type { DependencyDeclaration, NamedDependency, Overrides } from "../app/dependency.ts";
import type { Operation } from "../app/operation.ts";
import { pathNames } from "../app/path.ts";
import type { SecurityScopes } from "../app/security-scopes.ts";
import { formatLocation, OffloopError } from "../errors/offloop-error.ts";

/** A name, and the index in the plan of the dependency whose value it stands for. */
export interface NamedIndex {
  readonly name: string;
  readonly index: number;
}

/** One dependency of an operation. */
export interface PlannedDependency {
  readonly declaration: DependencyDeclaration;
  /** What it needs itself: all of that comes before it in the plan. */
  readonly deps: readonly NamedIndex[];
  /** How the operation comes to need it: `user > db`. */
  readonly path: string;
  /** A value that is there already: one that stands in for it in tests, or the scopes that are demanded. */
  readonly fixed: { readonly value: unknown } | undefined;
  /** It runs on a thread while its operation runs on the loop. */
  readonly isRemote: boolean;
}

type Scopes = readonly string[];

/** A dependency under the name by which it is needed: most functions of one have none. */
type Link = readonly [name: string, declaration: DependencyDeclaration];

/** Everything an operation needs, in the order in which it is made. */
export interface DependencyPlan {
  readonly nodes: readonly PlannedDependency[];
  /** What the handler receives. */
  readonly deps: readonly NamedIndex[];
}

/**
 * Works out once what an operation needs: what a dependency needs itself comes before it, and each comes once, unless
 * it says `cache: false` or is needed with other scopes.
 *
 * @throws {OffloopError} `OFFLOOP_DEPENDENCY_CYCLE`, `OFFLOOP_DEPENDENCY_LANE`, `OFFLOOP_PATH_INVALID`.
 */
export function planDependencies(operation: Operation, overrides: Overrides): DependencyPlan {
  const nodes: PlannedDependency[] = [];
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
    if (node.fixed === undefined) checkUse(operation, node.declaration, path);
    known.set(key, nodes.length - 1);
    return { name, index: nodes.length - 1 };
  };

  const plan = (
    name: string,
    wanted: DependencyDeclaration,
    path: string,
    scopes: Scopes,
  ): PlannedDependency => {
    const replacement = overrides.get(wanted) ?? wanted;
    if ("value" in replacement)
      return { declaration: wanted, deps: [], path, fixed: replacement, isRemote: false };
    const start = chain.findIndex(([, outer]) => outer === replacement);
    if (start >= 0) throw cycle(operation, [...chain.slice(start), [name, replacement]]);
    chain.push([name, replacement]);
    const deps = replacement.deps.map((inner) => resolve(inner, path, scopes));
    chain.pop();
    const fixed = replacement.givesScopes ? { value: scopesValue(scopes) } : undefined;
    const isRemote = fixed === undefined && operation.lane === "loop" && runsOnThread(replacement);
    return { declaration: replacement, deps, path, fixed, isRemote };
  };

  return { deps: operation.deps.map((named) => resolve(named, "", [])), nodes };
}

/** What lasts as long as the app is made where the app is served: a request never goes to a thread for it. */
function runsOnThread({ lane, scope }: DependencyDeclaration): boolean {
  return lane === "thread" && scope !== "app";
}

function checkUse(operation: Operation, declaration: DependencyDeclaration, path: string): void {
  const { isGenerator, scope, location: at } = declaration;
  const names = pathNames(operation.path);
  const unknown = Object.keys(declaration.inputs.params).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new OffloopError(
      "OFFLOOP_PATH_INVALID",
      `Cannot add ${operation.id}: its dependency ${path} reads "${unknown}", the path has no :${unknown}`,
      {
        at: operation.location,
        note: `the dependency: ${formatLocation(at)}`,
        fix: `add /:${unknown} to the path`,
      },
    );
  }
  if (operation.lane !== "loop" || !runsOnThread(declaration) || (!isGenerator && scope !== "thread")) return;
  const what = isGenerator ? "a plain generator, which" : "kept by a thread, and";
  throw new OffloopError(
    "OFFLOOP_DEPENDENCY_LANE",
    `Cannot add ${operation.id}: it is async and needs ${path}, ${what} cannot leave its thread`,
    {
      at: operation.location,
      note: `the dependency: ${formatLocation(at)}`,
      fix: 'make the dependency async, or declare it with runs: "loop", or make the operation a plain function',
    },
  );
}

function cycle({ id, location: at }: Operation, chain: readonly Link[]): OffloopError {
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

/** The scopes demanded so far and those demanded here, each once, in this order. */
function joinScopes(demanded: readonly string[], own: readonly string[]): readonly string[] {
  return own.length === 0 ? demanded : [...new Set([...demanded, ...own])];
}

/** The value of what gives the scopes. */
function scopesValue(scopes: readonly string[]): SecurityScopes {
  return { scopes, scopeStr: scopes.join(" ") };
}

/** Whether the value of a dependency depends on the scopes that are demanded on the way to it. */
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

/** Everything operations need, overridden or not; each once, in the same order wherever the same app is loaded. */
export function listDependencies(
  operations: readonly Operation[],
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

/** What of the scope "app" is received by an operation, or by something that is not of this scope. */
export function listAppDependencies(
  operations: readonly Operation[],
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
