import { declarator, type FunctionScope, type Scopes } from "./function-scope.ts";
import { isKnownHandle, originOf } from "./known-calls.ts";
import { scopeOf } from "./rules.ts";
import { type FunctionNode, type SyntaxNode, unwrapped, valuesOf, writtenName } from "./syntax.ts";

/** How many functions of the same file are followed, each called by the one before. */
const MAX_CALLS = 3;

/**
 * The class whose instance a dependency's function provides, if no instance of it can leave its thread: `DatabaseSync`.
 * Undefined where the code does not show it, or shows another value as well.
 */
export function handleClass(
  node: FunctionNode,
  scopes: Scopes,
  calls: number = MAX_CALLS,
): string | undefined {
  const scope = scopeOf(node, scopes);
  if (scope === undefined) return undefined;
  const follow = (called: FunctionNode): string | undefined =>
    calls === 0 || called.async || called.generator ? undefined : handleClass(called, scopes, calls - 1);
  const provides = node.generator ? "YieldExpression" : "ReturnStatement";
  const classes = valuesOf(node, provides).map((value) => classOf(scope, value, follow));
  return classes.includes(undefined) ? undefined : classes[0];
}

/** Whether a function takes this name out of its first argument, so that every call needs its value. */
export function takesName({ params: [first] }: FunctionNode, name: string): boolean {
  if (first?.type !== "ObjectPattern") return false;
  return first.properties.some(
    (property) =>
      property.type === "Property" &&
      !property.computed &&
      property.key.type === "Identifier" &&
      property.key.name === name,
  );
}

function classOf(
  scope: FunctionScope,
  value: SyntaxNode,
  follow: (called: FunctionNode) => string | undefined,
): string | undefined {
  const made = madeBy(scope, value);
  const called = made?.type === "CallExpression" ? scope.calledFunction(made) : undefined;
  if (called !== undefined) return follow(called);
  if (made?.type !== "NewExpression") return undefined;
  const callee = unwrapped(made.callee);
  const origin = originOf(scope, made);
  const isHandle = origin === undefined ? isPlainClass(scope, callee) : isKnownHandle(origin);
  return isHandle ? writtenName(callee) : undefined;
}

/** The expression that makes a value: there, or where the constant is declared that holds it. */
function madeBy(scope: FunctionScope, value: SyntaxNode): SyntaxNode | undefined {
  const variable = scope.variableOf(value);
  if (variable === undefined) return value;
  const declared = declarator(variable);
  if (!declared?.init || declared.id.type !== "Identifier") return undefined;
  const isConstant = variable.references.filter((one) => one.isWrite()).length === 1;
  return isConstant ? unwrapped(declared.init) : undefined;
}

/** A class of the same file that extends none: one that extends `Error` or `Map` may well cross. */
function isPlainClass(scope: FunctionScope, callee: SyntaxNode): boolean {
  const node = scope.variableOf(callee)?.defs[0]?.node as SyntaxNode | undefined;
  return node?.type === "ClassDeclaration" && !node.superClass;
}
