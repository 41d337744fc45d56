import type { AnyNode, ArrowFunctionExpression, FunctionDeclaration, FunctionExpression } from "acorn";

/** An ESTree node that knows its parent: from acorn here, and from the configured parser in ESLint. */
export type SyntaxNode = AnyNode & { parent?: SyntaxNode };
export type FunctionNode = (FunctionDeclaration | FunctionExpression | ArrowFunctionExpression) & {
  parent?: SyntaxNode;
};
/** A node of one type, with its parent. */
export type NodeOf<Type extends AnyNode["type"]> = Extract<AnyNode, { type: Type }> & { parent?: SyntaxNode };

export function isFunction(node: SyntaxNode | undefined): node is FunctionNode {
  return (
    node?.type === "FunctionDeclaration" ||
    node?.type === "FunctionExpression" ||
    node?.type === "ArrowFunctionExpression"
  );
}

/** What a function itself returns, or yields: not what the functions inside it do. */
export function valuesOf(
  { body }: FunctionNode,
  by: "ReturnStatement" | "YieldExpression" = "ReturnStatement",
): SyntaxNode[] {
  if (body.type !== "BlockStatement") return [unwrapped(body)];
  const own = descendants(body, (part) => !isFunction(part));
  return [...own].flatMap((part) => (part.type === by && part.argument ? [unwrapped(part.argument)] : []));
}

/** Keys that do not lead to the parts of a node. */
const notParts = new Set(["parent", "loc", "range", "tokens", "comments"]);

/** The parts of a node. */
function partsOf(node: SyntaxNode): SyntaxNode[] {
  const values = Object.entries(node).flatMap(([key, value]) => (notParts.has(key) ? [] : value));
  return values.filter(
    (value: unknown): value is SyntaxNode => typeof (value as SyntaxNode | null)?.type === "string",
  );
}

/** A node and all its parts, outermost first. `enter` decides whether to descend into a part. */
export function* descendants(
  node: SyntaxNode,
  enter: (node: SyntaxNode) => boolean = () => true,
): Generator<SyntaxNode> {
  yield node;
  if (enter(node)) for (const part of partsOf(node)) yield* descendants(part, enter);
}

/** Sets each node's parent, as ESLint does. */
export function linkParents(node: SyntaxNode): void {
  for (const part of partsOf(node)) {
    part.parent = node;
    linkParents(part);
  }
}

/** The expression without the wrappers that TypeScript and compilers add: `x!`, `x as T`, `(0, x)`. */
export function unwrapped(node: SyntaxNode): SyntaxNode {
  const inner = wrappedIn(node);
  return inner === undefined ? node : unwrapped(inner);
}

/** The parent of an expression, not counting such wrappers. */
export function surrounding(node: SyntaxNode): { child: SyntaxNode; parent: SyntaxNode | undefined } {
  const { parent } = node;
  return parent !== undefined && wrappedIn(parent) === node ? surrounding(parent) : { child: node, parent };
}

function wrappedIn(node: SyntaxNode): SyntaxNode | undefined {
  if (/^TS(NonNull|As|Satisfies|TypeAssertion)/.test(node.type) || node.type === "ChainExpression")
    return (node as { expression: SyntaxNode }).expression;
  if (node.type !== "SequenceExpression" || node.expressions.length !== 2) return undefined;
  const [first, second] = node.expressions;
  return first?.type === "Literal" ? second : undefined;
}

/** The name of an accessed member: `push` in `a.push` and in `a["push"]`. */
export function memberName({ property, computed }: NodeOf<"MemberExpression">): string | undefined {
  if (!computed) return property.type === "Identifier" ? property.name : undefined;
  return property.type === "Literal" && typeof property.value === "string" ? property.value : undefined;
}

/** A callee as written, without what is further left: `pool.query`, `hash`. */
export function writtenName(callee: SyntaxNode): string {
  if (callee.type === "Identifier") return callee.name;
  if (callee.type !== "MemberExpression") return "a function";
  const object = unwrapped(callee.object);
  // A module imported by vitest has no name in the source.
  const owner = object.type === "Identifier" && !object.name.startsWith("__vi") ? [object.name] : [];
  return [...owner, memberName(callee) ?? "a method"].join(".");
}
