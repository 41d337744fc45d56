import { declaredValue, type FunctionScope, type Reference, type Variable } from "./function-scope.ts";
import type { Offence } from "./offence.ts";
import { memberName, type NodeOf, type SyntaxNode, surrounding } from "./syntax.ts";

const listMutators = ["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"];
const collectionMutators = ["set", "add", "delete", "clear", "append"];
const mutators = new Set([...listMutators, ...collectionMutators]);
const collections = /^(Weak)?(Map|Set)$|^Array$|^URLSearchParams$|^Headers$|Array$/;

/** What a function on a thread does to variables that every thread has for itself. */
export function findStateChanges(scope: FunctionScope): Offence[] {
  return scope.references.flatMap((reference) =>
    scope.isOuter(reference) ? (changeOf(reference) ?? []) : [],
  );
}

/** Whether a use of a variable changes it, or what it holds. */
export function isChange(reference: Reference): boolean {
  return changeOf(reference) !== undefined;
}

function changeOf(reference: Reference): Offence | undefined {
  const identifier = reference.identifier as NodeOf<"Identifier">;
  const { name } = identifier;
  if (reference.isWrite()) {
    const { parent } = surrounding(identifier);
    return refusal(
      identifier,
      `${parent?.type === "UpdateExpression" ? "counts up or down" : "assigns to"} "${name}"`,
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

function refusal(node: SyntaxNode, does: string): Offence {
  return {
    rule: "state",
    severity: "refused",
    node,
    does,
    fix: "keep it in a database, or make the function async; if each thread is to have its own, write // offloop-allow state: why",
  };
}

/** The whole of `a.b.c` from its `a`. */
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

/** A client of a database has `set` and `delete` too: what is visibly no collection is left alone. */
function mayBeCollection(variable: Variable, method: string): boolean {
  const value = declaredValue(variable);
  if (value === undefined || listMutators.includes(method)) return true;
  if (value.type !== "NewExpression")
    return value.type !== "CallExpression" && value.type !== "AwaitExpression";
  return value.callee.type === "Identifier" && collections.test(value.callee.name);
}
