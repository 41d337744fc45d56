import type { Lane } from "../app/lane.ts";
import { declaredValue, type Scopes } from "./function-scope.ts";
import { nameOf, type PlacedFunction } from "./rules.ts";
import {
  descendants,
  type FunctionNode,
  isFunction,
  memberName,
  type NodeOf,
  type SyntaxNode,
  unwrapped,
} from "./syntax.ts";

/** A function that code declares as an operation, a task or a dependency. */
interface WrittenDeclaration extends PlacedFunction {
  /** `GET /items`, `task "resize"`. */
  readonly subject: string;
}

const methods = new Set(["get", "head", "post", "put", "patch", "delete", "options", "trace"]);

/** The operations and tasks that a module declares, if it uses offloop. */
export function findDeclarations(program: SyntaxNode, scopes: Scopes): WrittenDeclaration[] {
  const nodes = [...descendants(program)];
  if (!nodes.some(loadsOffloop)) return [];
  return nodes.flatMap((node) => (node.type === "CallExpression" ? (declarationOf(node, scopes) ?? []) : []));
}

function loadsOffloop(node: SyntaxNode): boolean {
  const from = node.type === "ImportDeclaration" ? node.source : required(node);
  return from?.type === "Literal" && /^offloop(\/|$)/.test(String(from.value));
}

/** `"offloop"` of `require("offloop")`. */
function required(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type !== "CallExpression") return undefined;
  const { callee } = node;
  return callee.type === "Identifier" && callee.name === "require"
    ? (node.arguments[0] as SyntaxNode | undefined)
    : undefined;
}

/** The lane that the options next to a function specify. */
export function saidLane(node: FunctionNode): Lane | undefined {
  const call = node.parent;
  if (call?.type !== "CallExpression" || call.arguments.at(-1) !== node) return undefined;
  return laneIn(call);
}

function laneIn(call: NodeOf<"CallExpression">): Lane | undefined {
  const said = optionIn(call, "runs");
  return said === "loop" || said === "thread" ? said : undefined;
}

/** The value of a name in the options before the function, if it is written there. */
function optionIn(call: NodeOf<"CallExpression">, name: string): unknown {
  const options = call.arguments.at(-2);
  if (options?.type !== "ObjectExpression") return undefined;
  for (const property of options.properties) {
    if (property.type !== "Property" || property.computed || property.key.type !== "Identifier") continue;
    const value = unwrapped(property.value);
    if (property.key.name === name && value.type === "Literal") return value.value;
  }
  return undefined;
}

function declarationOf(call: NodeOf<"CallExpression">, scopes: Scopes): WrittenDeclaration | undefined {
  const callee = unwrapped(call.callee);
  if (callee.type === "Identifier" && callee.name === "depends") return dependencyOf(call, scopes);
  const verb = callee.type === "MemberExpression" ? memberName(callee) : undefined;
  const [first] = call.arguments;
  const name = first && literalText(first);
  if (verb === undefined || name === undefined || call.arguments.length < 2) return undefined;
  const isOperation = methods.has(verb) && (name === "" || name.startsWith("/"));
  const node =
    isOperation || verb === "task" ? functionOf(call.arguments.at(-1) as SyntaxNode, scopes) : undefined;
  if (node === undefined) return undefined;
  return placed(call, node, isOperation ? `${verb.toUpperCase()} ${name}` : `task "${name}"`);
}

function dependencyOf(call: NodeOf<"CallExpression">, scopes: Scopes): WrittenDeclaration | undefined {
  const last = call.arguments.at(-1);
  // Created once for the app, before the first request; "thread" asks for one in each thread.
  if (["app", "thread"].includes(String(optionIn(call, "scope")))) return undefined;
  const node = last && functionOf(last, scopes);
  return node && placed(call, node, `dependency "${nameOf(node)}"`);
}

function placed(call: NodeOf<"CallExpression">, node: FunctionNode, subject: string): WrittenDeclaration {
  const said = laneIn(call);
  return { node, lane: said ?? (node.async ? "loop" : "thread"), isOverride: said !== undefined, subject };
}

function literalText(node: SyntaxNode): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type !== "TemplateLiteral") return undefined;
  return node.quasis.map(({ value }) => value.cooked ?? "").join("*");
}

/** The function itself, or the function of the same file that is named. */
function functionOf(node: SyntaxNode, scopes: Scopes): FunctionNode | undefined {
  const target = unwrapped(node);
  if (isFunction(target)) return target;
  if (target.type !== "Identifier") return undefined;
  for (let at = target.parent; at; at = at.parent) {
    const variable = scopes.acquire(at, true)?.set.get(target.name);
    const value = variable && declaredValue(variable);
    if (variable !== undefined) return isFunction(value) ? value : undefined;
  }
  return undefined;
}
