import { declarator, type FunctionScope, importOf } from "./function-scope.ts";
import { isFunction, memberName, type NodeOf, type SyntaxNode, unwrapped } from "./syntax.ts";

/**
 * Where a value comes from, as far as one file shows it: the module, and what is done with what it exports. Of
 * `await new Pool().connect()` it is `pg` and `["Pool", "new", "connect", "()"]`.
 */
export interface Origin {
  readonly from: string;
  readonly path: readonly string[];
}

/** Deeper than any code that a reader follows. */
const MAX_STEPS = 20;

/** Follows names, members and calls back to an import. Undefined when it ends elsewhere. */
export function originOf(
  scope: FunctionScope,
  node: SyntaxNode,
  steps: number = MAX_STEPS,
): Origin | undefined {
  const value = unwrapped(node);
  if (steps === 0) return undefined;
  const next = (inner: unknown): Origin | undefined => originOf(scope, inner as SyntaxNode, steps - 1);
  switch (value.type) {
    case "Identifier":
      return originOfName(scope, value, steps);
    case "AwaitExpression":
      return next(value.argument);
    case "MemberExpression":
      return extended(next(value.object), memberName(value));
    case "NewExpression":
      return extended(next(value.callee), "new");
    case "TaggedTemplateExpression":
      return extended(next(value.tag), "()");
    case "ImportExpression":
      return moduleNamed(value.source as SyntaxNode);
    case "CallExpression":
      return originOfModuleCall(scope, value) ?? extended(next(value.callee), "()");
    default:
      return undefined;
  }
}

function extended(origin: Origin | undefined, step: string | undefined): Origin | undefined {
  if (origin === undefined || step === undefined) return undefined;
  // A module's default is what `import * as` and `require` give for most of what Node and npm have.
  return step === "default" ? origin : { from: origin.from, path: [...origin.path, step] };
}

function originOfName(scope: FunctionScope, node: NodeOf<"Identifier">, steps: number): Origin | undefined {
  const variable = scope.variableOf(node);
  if (variable === undefined)
    return node.name === "DatabaseSync" ? { from: "sqlite", path: [node.name] } : undefined;
  const imported = importOf(variable);
  if (imported !== undefined) {
    const path = imported.name === "*" || imported.name === "default" ? [] : [imported.name];
    return { from: moduleName(imported.from), path };
  }
  const declared = declarator(variable);
  if (!declared?.init || isFunction(declared.init as SyntaxNode)) return undefined;
  const origin = originOf(scope, declared.init as SyntaxNode, steps - 1);
  return declared.id.type === "Identifier"
    ? origin
    : extended(origin, keyOf(declared.id as SyntaxNode, node.name));
}

/** The key under which a pattern takes a name: `b` of `{ b: name }`. */
function keyOf(pattern: SyntaxNode, name: string): string | undefined {
  if (pattern.type !== "ObjectPattern") return undefined;
  for (const property of pattern.properties) {
    if (property.type !== "Property" || property.key.type !== "Identifier") continue;
    const target = property.value.type === "AssignmentPattern" ? property.value.left : property.value;
    if (target.type === "Identifier" && target.name === name) return property.key.name;
  }
  return undefined;
}

/** `require("fs")`, `process.getBuiltinModule("fs")`. */
function originOfModuleCall(scope: FunctionScope, call: NodeOf<"CallExpression">): Origin | undefined {
  const callee = unwrapped(call.callee as SyntaxNode);
  const isRequire = callee.type === "Identifier" && callee.name === "require";
  const isBuiltin =
    callee.type === "MemberExpression" &&
    memberName(callee) === "getBuiltinModule" &&
    scope.isGlobalName(callee.object as SyntaxNode, "process");
  const [first] = call.arguments;
  return first !== undefined && (isRequire || isBuiltin) ? moduleNamed(first as SyntaxNode) : undefined;
}

function moduleNamed(node: SyntaxNode): Origin | undefined {
  if (node.type !== "Literal" || typeof node.value !== "string") return undefined;
  return { from: moduleName(node.value), path: [] };
}

function moduleName(specifier: string): string {
  return specifier.replace(/^node:/, "");
}
