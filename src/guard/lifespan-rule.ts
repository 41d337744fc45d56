import { declarator, type FunctionScope, type Reference, type Variable } from "./function-scope.ts";
import type { Offence } from "./offence.ts";
import { isChange } from "./state-rule.ts";
import { isFunction, memberName, type SyntaxNode, surrounding, unwrapped } from "./syntax.ts";

/** What a function on a thread reads that only a lifespan of the main thread opens. */
export function findMainThreadHandles(scope: FunctionScope): Offence[] {
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
      fix: "open it in each thread with app.lifespan({ perThread: true }, ...), or make the function async",
    });
  }
  return [...found.values()];
}

/** Empty where the module declares it, and changed nowhere but in lifespans of the main thread. */
function isOpenedOnMainThread(variable: Variable): boolean {
  const declared = declarator(variable);
  if (declared === undefined || !isEmpty(declared.init as SyntaxNode | null | undefined)) return false;
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

/** Whether a function is what `app.lifespan(...)` is called with, without `perThread`. */
function isGivenToMain(node: SyntaxNode): boolean {
  const { child, parent } = surrounding(node);
  if (parent?.type !== "CallExpression" || parent.arguments.at(-1) !== child) return false;
  const callee = unwrapped(parent.callee as SyntaxNode);
  const isLifespan = callee.type === "MemberExpression" && memberName(callee) === "lifespan";
  return isLifespan && parent.arguments.length === 1;
}
