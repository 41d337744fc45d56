import { type FunctionNode, isFunction, type NodeOf, type SyntaxNode, unwrapped } from "./syntax.ts";

/** The part of scope analysis that is used; eslint-scope's and typescript-eslint's both fit. */
interface Scope {
  readonly type: string;
  readonly upper: Scope | null;
  readonly references: readonly Reference[];
  readonly childScopes: readonly Scope[];
  readonly set: ReadonlyMap<string, Variable>;
}
export interface Reference {
  readonly identifier: object;
  readonly resolved: Variable | null;
  isWrite(): boolean;
}
export interface Variable {
  readonly name: string;
  readonly references: readonly Reference[];
  readonly scope: Scope;
  readonly defs: readonly {
    readonly type: string;
    readonly node: object;
    readonly parent?: object | null | undefined;
  }[];
}
export interface Scopes {
  acquire(node: object, inner?: boolean): Scope | null;
}

/** A function and every name it uses, including those in the functions inside it. */
export class FunctionScope {
  readonly node: FunctionNode;
  readonly references: readonly Reference[];
  readonly #scope: Scope;
  readonly #byIdentifier: ReadonlyMap<object, Reference>;

  constructor(node: FunctionNode, scope: Scope) {
    this.node = node;
    this.#scope = scope;
    this.references = collect(scope);
    this.#byIdentifier = new Map(this.references.map((reference) => [reference.identifier, reference]));
  }

  /** Whether a name is declared outside the function, and not by JavaScript or Node. */
  isOuter(reference: Reference): boolean {
    const { resolved } = reference;
    const { name } = reference.identifier as NodeOf<"Identifier">;
    if (resolved === null || isGlobal(resolved)) return sharedGlobals.has(name) || !(name in globalThis);
    for (let scope: Scope | null = resolved.scope; scope !== null; scope = scope.upper)
      if (scope === this.#scope) return false;
    return true;
  }

  /** Whether a name refers to the global of that name. */
  isGlobalName(node: SyntaxNode, name: string): boolean {
    if (node.type !== "Identifier" || node.name !== name) return false;
    const resolved = this.#byIdentifier.get(node)?.resolved;
    return resolved === undefined || resolved === null || isGlobal(resolved);
  }

  /** The variable that a name refers to, as far as the available code declares it. */
  variableOf(node: SyntaxNode): Variable | undefined {
    if (node.type !== "Identifier") return undefined;
    const reference = this.#byIdentifier.get(node);
    // A name in a declaration outside the function is not among the function's own references.
    return reference === undefined ? this.#lookUp(node.name) : (reference.resolved ?? undefined);
  }

  #lookUp(name: string): Variable | undefined {
    for (let scope = this.#scope.upper; scope !== null; scope = scope.upper) {
      const variable = scope.set.get(name);
      if (variable !== undefined) return variable;
    }
    return undefined;
  }

  /** The function of the same file that a call invokes. */
  calledFunction({ callee }: NodeOf<"CallExpression">): FunctionNode | undefined {
    const target = unwrapped(callee);
    if (isFunction(target)) return target;
    const variable = this.variableOf(target);
    const value = variable && declaredValue(variable);
    return isFunction(value) ? value : undefined;
  }
}

/** The declaration of a `const` or a `let`. */
export function declarator({ defs }: Variable): NodeOf<"VariableDeclarator"> | undefined {
  const node = defs[0]?.node as SyntaxNode | undefined;
  return node?.type === "VariableDeclarator" ? node : undefined;
}

/** The declared value of a variable: that of a `const`, or a declared function. */
export function declaredValue({ defs }: Variable): SyntaxNode | undefined {
  const node = defs[0]?.node as SyntaxNode | undefined;
  if (node?.type === "VariableDeclarator") return node.init ? unwrapped(node.init) : undefined;
  return isFunction(node) ? node : undefined;
}

/** The import that declares a variable: its module, and its name there (including `*` and `default`). */
export function importOf({ defs }: Variable): { from: string; name: string } | undefined {
  const [definition] = defs;
  const node = definition?.node as SyntaxNode | undefined;
  const parent = definition?.parent as NodeOf<"ImportDeclaration"> | undefined;
  if (definition?.type !== "ImportBinding" || typeof parent?.source?.value !== "string") return undefined;
  const from = parent.source.value;
  if (node?.type === "ImportSpecifier")
    return {
      from,
      name: node.imported.type === "Identifier" ? node.imported.name : String(node.imported.value),
    };
  return { from, name: node?.type === "ImportDefaultSpecifier" ? "default" : "*" };
}

/** Through these, code shares state as it would through a module variable. */
const sharedGlobals = new Set(["globalThis", "global"]);

function isGlobal({ scope, defs }: Variable): boolean {
  return scope.type === "global" && defs.length === 0;
}

function collect(scope: Scope): Reference[] {
  return [...scope.references, ...scope.childScopes.flatMap(collect)];
}
