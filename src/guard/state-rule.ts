import type { Offence } from "./finding.ts";
import {
  declarator,
  declaredValue,
  type FunctionScope,
  type Reference,
  type Variable,
} from "./function-scope.ts";
import { isFunction, memberName, type NodeOf, type SyntaxNode, surrounding, unwrapped } from "./syntax.ts";

const listMutators = ["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"];
const collectionMutators = ["set", "add", "delete", "clear", "append"];
const mutators = new Set([...listMutators, ...collectionMutators]);
const collections = /^(Weak)?(Map|Set)$|^Array$|^URLSearchParams$|^Headers$|Array$/;

/**
 * What a function on a thread does to variables that exist separately in each thread.
 *
 * @param toLoop - What would make it run on the loop.
 */
export function findStateChanges(scope: FunctionScope, toLoop: string): Offence[] {
  const fix = `keep it in a database, or ${toLoop}; if each thread should have its own, write // offloop-allow state: why`;
  return scope.references.flatMap((reference) => {
    const change = scope.isOuter(reference) ? changeOf(reference) : undefined;
    return change === undefined ? [] : { ...change, rule: "state", fix };
  });
}

/** Where a variable or its contents are changed. */
type Change = Pick<Offence, "severity" | "node" | "does">;

/** Whether a use of a variable changes the variable or its contents. */
function isChange(reference: Reference): boolean {
  return changeOf(reference) !== undefined;
}

function changeOf(reference: Reference): Change | undefined {
  const identifier = reference.identifier as NodeOf<"Identifier">;
  const { name } = identifier;
  if (reference.isWrite()) {
    const { parent } = surrounding(identifier);
    return refusal(
      identifier,
      `${parent?.type === "UpdateExpression" ? "increments or decrements" : "assigns to"} "${name}"`,
    );
  }
  const { child, parent } = outermostMember(identifier);
  if (child === identifier) return undefined;
  if (isTarget(child, parent)) {
    const does = parent?.type === "UnaryExpression" ? "deletes from" : "assigns to a part of";
    return refusal(identifier, `${does} "${name}"`);
  }
  const method = child.type === "MemberExpression" ? memberName(child) : undefined;
  const isCall = parent?.type === "CallExpression" && parent.callee === child;
  if (!isCall || method === undefined || !mutators.has(method)) return undefined;
  if (reference.resolved !== null && !mayBeCollection(reference.resolved, method)) return undefined;
  return { ...refusal(identifier, `calls ${method} of "${name}"`), severity: "warned" };
}

function refusal(node: SyntaxNode, does: string): Change {
  return { severity: "refused", node, does };
}

/** The whole of `a.b.c`, starting from its `a`. */
function outermostMember(node: SyntaxNode): { child: SyntaxNode; parent: SyntaxNode | undefined } {
  const { child, parent } = surrounding(node);
  return parent?.type === "MemberExpression" && parent.object === child
    ? outermostMember(parent)
    : { child, parent };
}

function isTarget(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined) return false;
  if (parent.type === "AssignmentExpression" || parent.type === "AssignmentPattern")
    return parent.left === node;
  if (parent.type === "ForInStatement" || parent.type === "ForOfStatement") return parent.left === node;
  if (parent.type === "Property") return parent.value === node && parent.parent?.type === "ObjectPattern";
  if (parent.type === "ArrayPattern" || parent.type === "RestElement" || parent.type === "UpdateExpression")
    return true;
  return parent.type === "UnaryExpression" && parent.operator === "delete";
}

/** A database client has `set` and `delete`, too: what is visibly not a collection is left alone. */
function mayBeCollection(variable: Variable, method: string): boolean {
  const value = declaredValue(variable);
  if (value === undefined || listMutators.includes(method)) return true;
  if (value.type !== "NewExpression")
    return value.type !== "CallExpression" && value.type !== "AwaitExpression";
  return value.callee.type === "Identifier" && collections.test(value.callee.name);
}

/**
 * What a function on a thread reads although only a lifespan of the main thread opens it.
 *
 * @param toLoop - What would make it run on the loop.
 */
export function findMainThreadHandles(scope: FunctionScope, toLoop: string): Offence[] {
  const found = new Map<Variable, Offence>();
  for (const reference of scope.references) {
    const { resolved, identifier } = reference;
    if (resolved === null || found.has(resolved) || !scope.isOuter(reference) || isChange(reference))
      continue;
    if (!isOpenedOnMainThread(resolved)) continue;
    found.set(resolved, {
      rule: "state",
      severity: "warned",
      node: identifier as SyntaxNode,
      does: `reads "${resolved.name}", which only a lifespan on the main thread opens`,
      fix: `open it in each thread with app.lifespan({ perThread: true }, ...), or ${toLoop}`,
    });
  }
  return [...found.values()];
}

/** Empty where the module declares it, and assigned only in lifespans of the main thread. */
function isOpenedOnMainThread(variable: Variable): boolean {
  const declared = declarator(variable);
  if (declared === undefined || !isEmpty(declared.init)) return false;
  const changes = variable.references.filter((one) => isChange(one) && one.identifier !== declared.id);
  const isOpening = ({ identifier }: Reference): boolean =>
    isInMainLifespan(identifier as SyntaxNode, variable.scope);
  return changes.length > 0 && changes.every(isOpening);
}

function isEmpty(init: SyntaxNode | null | undefined): boolean {
  if (!init) return true;
  const value = unwrapped(init);
  if (value.type === "Literal") return value.value === null;
  if (value.type === "Identifier") return value.name === "undefined";
  if (value.type === "ArrayExpression") return value.elements.length === 0;
  return value.type === "ObjectExpression" && value.properties.length === 0;
}

function isInMainLifespan(node: SyntaxNode, scope: Variable["scope"]): boolean {
  for (let at = node.parent; at; at = at.parent) {
    if (!isFunction(at)) continue;
    if (isGivenToMain(at)) return true;
    const name = at.type === "FunctionDeclaration" ? at.id?.name : nameOfConstant(at);
    const uses = name === undefined ? [] : (scope.set.get(name)?.references ?? []);
    if (uses.some(({ identifier }) => isGivenToMain(identifier as SyntaxNode))) return true;
  }
  return false;
}

function nameOfConstant(node: SyntaxNode): string | undefined {
  const { parent } = surrounding(node);
  return parent?.type === "VariableDeclarator" && parent.id.type === "Identifier"
    ? parent.id.name
    : undefined;
}

/** Whether a function is an argument of `app.lifespan(...)` without `perThread`. */
function isGivenToMain(node: SyntaxNode): boolean {
  const { child, parent } = surrounding(node);
  if (parent?.type !== "CallExpression" || parent.arguments.at(-1) !== child) return false;
  const callee = unwrapped(parent.callee);
  const isLifespan = callee.type === "MemberExpression" && memberName(callee) === "lifespan";
  return isLifespan && parent.arguments.length === 1;
}
