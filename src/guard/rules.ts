import type { Lane } from "../app/lane.ts";
import { findBlockingCalls } from "./blocking-rule.ts";
import type { Offence } from "./finding.ts";
import { FunctionScope, type Scopes } from "./function-scope.ts";
import { findForgottenAwaits, findReturnedPromises } from "./promise-rule.ts";
import { findMainThreadHandles, findStateChanges } from "./state-rule.ts";
import { descendants, type FunctionNode, type SyntaxNode } from "./syntax.ts";

/** A function that runs on a lane, and whether its options override the rule. */
export interface PlacedFunction {
  readonly node: FunctionNode;
  readonly lane: Lane;
  readonly isOverride: boolean;
  /** For a dependency on a thread: what needs it there, `GET /items`. */
  readonly neededBy?: string | undefined;
}

/** An offence, and the chain of functions of the same file that leads to it from the checked one. */
export interface FoundOffence extends Offence {
  readonly via: readonly string[];
}

/** Everything that does not fit its lane, in a function and in those of the same file that it calls. */
export function checkFunction(placed: PlacedFunction, scopes: Scopes): FoundOffence[] {
  const { node, lane, isOverride } = placed;
  const toLoop = wayToLoop(placed);
  const find = lane === "thread" ? (scope: FunctionScope) => findOnThread(scope, toLoop) : findOnLoop;
  const found = follow(node, { scopes, find, seen: new Set() }, []);
  const scope = scopeOf(node, scopes);
  if (lane === "loop" || isOverride || node.async || scope === undefined) return found;
  return [...found, ...findReturnedPromises(scope).map((offence) => ({ ...offence, via: [] }))];
}

/** What would make a function run on the loop. What a plain operation needs runs in its thread, even an async function. */
function wayToLoop({ node, neededBy }: PlacedFunction): string {
  if (neededBy !== undefined)
    return `make ${node.async ? "" : "the function async, and "}${neededBy} run on the loop, as async functions do: what it needs runs on its thread`;
  return node.async ? 'remove runs: "thread"' : "make the function async";
}

function findOnThread(scope: FunctionScope, toLoop: string): Offence[] {
  return [
    ...findStateChanges(scope, toLoop),
    ...findMainThreadHandles(scope, toLoop),
    ...findForgottenAwaits(scope),
  ];
}

function findOnLoop(scope: FunctionScope): Offence[] {
  return [...findBlockingCalls(scope), ...findForgottenAwaits(scope)];
}

/** A walk from one function through those it calls. */
interface Walk {
  readonly scopes: Scopes;
  readonly find: (scope: FunctionScope) => Offence[];
  readonly seen: Set<FunctionNode>;
}

function follow(node: FunctionNode, walk: Walk, via: readonly string[]): FoundOffence[] {
  const { scopes, find, seen } = walk;
  const scope = seen.has(node) ? undefined : scopeOf(node, scopes);
  if (scope === undefined) return [];
  seen.add(node);
  const own = find(scope).map((offence) => ({ ...offence, via }));
  const called = [...descendants(node)].flatMap((part) => {
    const target = part.type === "CallExpression" ? scope.calledFunction(part) : undefined;
    if (target === undefined || isInside(target, node)) return [];
    return follow(target, walk, [...via, nameOf(target)]);
  });
  return [...own, ...called];
}

/** A function and the names that it uses; undefined where the analysis does not know it. */
export function scopeOf(node: FunctionNode, scopes: Scopes): FunctionScope | undefined {
  const scope = scopes.acquire(node);
  return scope === null ? undefined : new FunctionScope(node, scope);
}

function isInside(node: SyntaxNode, outer: SyntaxNode): boolean {
  for (let at: SyntaxNode | undefined = node; at !== undefined && at !== null; at = at.parent)
    if (at === outer) return true;
  return false;
}

/** The name of a function, or of the constant that holds it. */
export function nameOf(node: FunctionNode): string {
  const { parent } = node;
  if (node.type !== "ArrowFunctionExpression" && node.id) return node.id.name;
  return parent?.type === "VariableDeclarator" && parent.id.type === "Identifier"
    ? parent.id.name
    : "(anonymous)";
}

/** What is wrong, in one sentence: `Cannot run GET / on a thread: it assigns to "hits", ...`. */
export function sentence(subject: string, lane: Lane, { rule, severity, does, via }: FoundOffence): string {
  const doing = [...via.map((name) => `calls ${name}, which`), does].join(" ");
  const it = via.length === 0 ? "it" : `it calls ${via.join(", which calls ")}, which`;
  if (rule === "promise" && severity === "told") return `${subject} ${does}: it runs on a thread`;
  if (rule === "promise") return `${subject} ${doing}`;
  if (rule === "blocking") return `${subject} blocks the event loop: ${it} ${does}`;
  const why = "and each thread has its own copy";
  if (severity === "refused") return `Cannot run ${subject} on a ${lane}: ${it} ${does}, ${why}`;
  return `${subject} runs on a ${lane} and ${doing}, ${why}`;
}
