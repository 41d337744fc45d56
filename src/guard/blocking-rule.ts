import { declaredValue, type FunctionScope, importOf } from "./function-scope.ts";
import type { Offence } from "./offence.ts";
import { descendants, memberName, type NodeOf, type SyntaxNode, unwrapped } from "./syntax.ts";

const sqliteModules = new Set(["node:sqlite", "sqlite", "better-sqlite3"]);
const databaseMethods = new Set(["exec", "pragma", "backup"]);
const statementMethods = new Set(["all", "get", "run", "iterate"]);

/** What a function on the loop calls that does not return before its work is done. */
export function findBlockingCalls(scope: FunctionScope): Offence[] {
  const offences: Offence[] = [];
  for (const node of descendants(scope.node)) {
    const name = node.type === "CallExpression" ? blockingName(scope, node) : undefined;
    if (name === undefined) continue;
    offences.push({
      rule: "blocking",
      severity: "warned",
      node,
      does: `calls ${name}`,
      fix: "make the function plain, so that it runs on a thread, or await a call that does not block; if it is short enough, write // offloop-allow blocking: why",
    });
  }
  return offences;
}

function blockingName(scope: FunctionScope, call: NodeOf<"CallExpression">): string | undefined {
  const callee = unwrapped(call.callee as SyntaxNode);
  if (callee.type === "Identifier") return blockingImport(scope, call, callee);
  if (callee.type !== "MemberExpression") return undefined;
  const method = memberName(callee);
  const object = unwrapped(callee.object as SyntaxNode);
  if (method === undefined) return undefined;
  if (method === "wait" && scope.isGlobalName(object, "Atomics")) return "Atomics.wait";
  if (isBlockingName(method)) return object.type === "Identifier" ? `${object.name}.${method}` : method;
  if (databaseMethods.has(method) && isDatabase(scope, object)) return `${method} of a SQLite database`;
  return statementMethods.has(method) && isStatement(scope, object)
    ? `${method} of a SQLite statement`
    : undefined;
}

/** A function of the same file is judged by what it does, not by its name. */
function blockingImport(
  scope: FunctionScope,
  call: NodeOf<"CallExpression">,
  callee: NodeOf<"Identifier">,
): string | undefined {
  const variable = scope.variableOf(callee);
  const name = (variable && importOf(variable)?.name) ?? callee.name;
  return isBlockingName(name) && scope.calledFunction(call) === undefined ? callee.name : undefined;
}

function isBlockingName(name: string): boolean {
  return /[a-z]Sync$/.test(name);
}

function isDatabase(scope: FunctionScope, node: SyntaxNode): boolean {
  const value = valueBehind(scope, node);
  if (value?.type !== "NewExpression") return false;
  const callee = unwrapped(value.callee as SyntaxNode);
  const root = callee.type === "MemberExpression" ? (callee.object as SyntaxNode) : callee;
  const variable = scope.variableOf(root);
  const origin = variable && importOf(variable);
  return origin === undefined
    ? callee.type === "Identifier" && callee.name === "DatabaseSync"
    : sqliteModules.has(origin.from);
}

function isStatement(scope: FunctionScope, node: SyntaxNode): boolean {
  const value = valueBehind(scope, node);
  if (value?.type !== "CallExpression") return false;
  const callee = unwrapped(value.callee as SyntaxNode);
  return (
    callee.type === "MemberExpression" &&
    memberName(callee) === "prepare" &&
    isDatabase(scope, unwrapped(callee.object as SyntaxNode))
  );
}

/** The expression itself, or what the variable it names was declared as. */
function valueBehind(scope: FunctionScope, node: SyntaxNode): SyntaxNode | undefined {
  const variable = scope.variableOf(node);
  return variable === undefined ? node : declaredValue(variable);
}
