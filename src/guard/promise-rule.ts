import type { Offence } from "./finding.ts";
import type { FunctionScope, Variable } from "./function-scope.ts";
import { isKnownToPromise, originOf } from "./known-calls.ts";
import {
  descendants,
  isFunction,
  memberName,
  type NodeOf,
  type SyntaxNode,
  surrounding,
  unwrapped,
  valuesOf,
  writtenName,
} from "./syntax.ts";

const chaining = new Set(["then", "catch", "finally"]);

/** Places where a plain function returns a promise, as if it were async. */
export function findReturnedPromises(scope: FunctionScope): Offence[] {
  return valuesOf(scope.node).flatMap((value): Offence[] => {
    const what = promiseText(scope, value);
    if (what === undefined) return [];
    return [
      {
        rule: "promise",
        severity: "told",
        node: value,
        does: `returns ${what}, but is not declared async`,
        fix: 'declare it async, so that it runs on the loop; or set runs: "thread" in its options',
      },
    ];
  });
}

/** Places where a function continues without a promise that it needs: nobody awaits it, or its value is read too early. */
export function findForgottenAwaits(scope: FunctionScope): Offence[] {
  return [...descendants(scope.node)].flatMap((node): Offence[] => {
    const what = isWorthAwaiting(node) ? promiseText(scope, node) : undefined;
    const then = what && whatIsLost(scope, node);
    if (then === undefined) return [];
    const fix = scope.node.async
      ? "write await before it"
      : "declare the function async and write await before it, or use a synchronous library";
    return [{ rule: "promise", severity: "warned", node, does: `does not await ${what}: ${then}`, fix }];
  });
}

/** Whoever wrote a chain has thought about the promise. */
function isWorthAwaiting(node: SyntaxNode): boolean {
  if (node.type === "TaggedTemplateExpression") return true;
  if (node.type !== "CallExpression") return false;
  const callee = unwrapped(node.callee);
  return callee.type !== "MemberExpression" || !chaining.has(memberName(callee) ?? "");
}

/** What is lost if a promise is not awaited; undefined where that may be intended. */
function whatIsLost(scope: FunctionScope, node: SyntaxNode): string | undefined {
  const { child, parent } = surrounding(node);
  if (parent?.type === "ExpressionStatement") return "nothing waits for it, and nobody sees its failure";
  if (parent === undefined) return undefined;
  if (isPartOfResult(child, parent)) return "a promise cannot be a part of the result";
  const taken = takenFrom(scope, child, parent);
  return taken && `"${taken}" of a promise is undefined`;
}

/** Returned `{ rows: pool.query(...) }` and `[pool.query(...)]`. */
function isPartOfResult(child: SyntaxNode, parent: SyntaxNode): boolean {
  const isPart = parent.type === "ArrayExpression" || (parent.type === "Property" && parent.value === child);
  const literal = parent.type === "Property" ? parent.parent : parent;
  if (!isPart || literal === undefined) return false;
  const outer = surrounding(literal);
  if (outer.parent === undefined) return false;
  if (outer.parent.type === "ReturnStatement") return true;
  if (isFunction(outer.parent)) return outer.parent.body === outer.child;
  return isPartOfResult(outer.child, outer.parent);
}

/** The name that is read from a promise as if it were its value: `rows` in `const { rows } = pool.query(...)`. */
function takenFrom(scope: FunctionScope, child: SyntaxNode, parent: SyntaxNode): string | undefined {
  if (parent.type === "MemberExpression" && parent.object === child) return takenBy(parent);
  if (parent.type !== "VariableDeclarator" || parent.init !== child) return undefined;
  if (parent.id.type === "ArrayPattern") return "0";
  if (parent.id.type === "ObjectPattern") {
    const [first] = parent.id.properties;
    return first?.type === "Property" && first.key.type === "Identifier" ? first.key.name : undefined;
  }
  const variable = scope.variableOf(parent.id);
  return variable && takenFromVariable(variable);
}

/** A variable that is awaited somewhere is not reported. */
function takenFromVariable({ references }: Variable): string | undefined {
  const parents = references.map(({ identifier }) => surrounding(identifier as SyntaxNode).parent);
  if (parents.some((parent) => parent?.type === "AwaitExpression")) return undefined;
  const members = parents.filter((parent) => parent?.type === "MemberExpression");
  return members.map(takenBy).find((name) => name !== undefined);
}

function takenBy(member: SyntaxNode): string | undefined {
  const name = member.type === "MemberExpression" ? memberName(member) : undefined;
  return name !== undefined && chaining.has(name) ? undefined : name;
}

/** What the promise comes from, as a reader would call it; undefined for anything else. */
function promiseText(scope: FunctionScope, value: SyntaxNode): string | undefined {
  if (value.type === "ImportExpression") return "the promise of import()";
  if (value.type === "NewExpression")
    return scope.isGlobalName(value.callee, "Promise") ? "a new Promise" : undefined;
  if (value.type === "TaggedTemplateExpression") return promiseOfDriver(scope, value.tag);
  if (value.type !== "CallExpression") return undefined;
  if (scope.calledFunction(value)?.async === true) return "the promise of an async function";
  const callee = unwrapped(value.callee);
  if (scope.isGlobalName(callee, "fetch")) return "the promise of fetch()";
  const own = takesCallback(value) ? undefined : promiseOfDriver(scope, callee);
  return own ?? (callee.type === "MemberExpression" ? promiseOfMember(scope, callee) : undefined);
}

/** Older APIs return no promise when they receive a callback; when they return one, a function comes first or alone. */
function takesCallback({ arguments: args }: NodeOf<"CallExpression">): boolean {
  return args.length > 1 && isFunction(args.at(-1) as SyntaxNode);
}

function promiseOfDriver(scope: FunctionScope, callee: SyntaxNode): string | undefined {
  const origin = originOf(scope, callee);
  if (origin === undefined || !isKnownToPromise(origin)) return undefined;
  return `the promise of ${writtenName(callee)}() (${origin.from} is asynchronous)`;
}

function promiseOfMember(scope: FunctionScope, callee: NodeOf<"MemberExpression">): string | undefined {
  const method = memberName(callee);
  if (scope.isGlobalName(callee.object, "Promise") && method !== "withResolvers")
    return `the promise of Promise.${method}()`;
  return method !== undefined && chaining.has(method) ? `the promise of .${method}()` : undefined;
}
