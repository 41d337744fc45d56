import type { FunctionScope } from "./function-scope.ts";
import type { Offence } from "./offence.ts";
import { descendants, isFunction, memberName, type SyntaxNode, unwrapped } from "./syntax.ts";

const chaining = new Set(["then", "catch", "finally"]);

/** Where a plain function returns a promise, as if it were async. */
export function findReturnedPromises(scope: FunctionScope): Offence[] {
  return returnedValues(scope).flatMap((value): Offence[] => {
    const what = promiseText(scope, value);
    if (what === undefined) return [];
    return [
      {
        rule: "promise",
        severity: "told",
        node: value,
        does: `returns ${what}, yet is not declared async`,
        fix: 'declare it async, so that it runs on the loop; or say runs: "thread" in its options',
      },
    ];
  });
}

function returnedValues({ node }: FunctionScope): SyntaxNode[] {
  if (node.body.type !== "BlockStatement") return [unwrapped(node.body as SyntaxNode)];
  const own = descendants(node.body as SyntaxNode, (part) => !isFunction(part));
  return [...own].flatMap((part) =>
    part.type === "ReturnStatement" && part.argument ? [unwrapped(part.argument as SyntaxNode)] : [],
  );
}

function promiseText(scope: FunctionScope, value: SyntaxNode): string | undefined {
  if (value.type === "ImportExpression") return "the promise of import()";
  if (value.type === "NewExpression")
    return scope.isGlobalName(value.callee as SyntaxNode, "Promise") ? "a new Promise" : undefined;
  if (value.type !== "CallExpression") return undefined;
  if (scope.calledFunction(value)?.async === true) return "what an async function gives";
  const callee = unwrapped(value.callee as SyntaxNode);
  if (scope.isGlobalName(callee, "fetch")) return "the promise of fetch()";
  if (callee.type !== "MemberExpression") return undefined;
  const method = memberName(callee);
  if (scope.isGlobalName(callee.object as SyntaxNode, "Promise") && method !== "withResolvers")
    return `the promise of Promise.${method}()`;
  return method !== undefined && chaining.has(method) ? `the promise of .${method}()` : undefined;
}
