import type { Offence } from "./finding.ts";
import type { FunctionScope } from "./function-scope.ts";
import { isKnownToBlock, isSyncOfNode, type Origin, originOf } from "./known-calls.ts";
import {
  descendants,
  memberName,
  type NodeOf,
  type SyntaxNode,
  surrounding,
  unwrapped,
  writtenName,
} from "./syntax.ts";

type Call = NodeOf<"CallExpression"> | NodeOf<"TaggedTemplateExpression">;

/** Calls by a function on the loop that return only when their work is done. */
export function findBlockingCalls(scope: FunctionScope): Offence[] {
  const offences: Offence[] = [];
  for (const node of descendants(scope.node)) {
    const name = isCall(node) ? blockingName(scope, node) : undefined;
    if (name === undefined) continue;
    offences.push({
      rule: "blocking",
      severity: "warned",
      node,
      does: `calls ${name}`,
      fix: fixOf(node),
    });
  }
  return offences;
}

const PLAIN = "make the function plain, so that it runs on a thread";

/** Of offloop's own calls, the one to await is known. */
function fixOf(call: SyntaxNode): string {
  const instead = call.type === "CallExpression" ? awaitedInstead(call) : undefined;
  if (instead !== undefined) return `await ${instead}, or ${PLAIN}`;
  return `${PLAIN}, or await a call that does not block; if it is short enough, write // offloop-allow blocking: why`;
}

/** What to await in place of a task's `enqueueSync` and an uploaded file's `readSync`; that of `node:fs` takes arguments. */
function awaitedInstead(call: NodeOf<"CallExpression">): string | undefined {
  const callee = unwrapped(call.callee);
  const method = callee.type === "MemberExpression" ? memberName(callee) : undefined;
  if (method === "enqueueSync") return "enqueue(...)";
  return method === "readSync" && call.arguments.length === 0 ? "file.bytes()" : undefined;
}

function isCall(node: SyntaxNode): node is Call {
  return node.type === "CallExpression" || node.type === "TaggedTemplateExpression";
}

/** The name of the blocking call there, as its author wrote it; undefined when nothing blocks. */
function blockingName(scope: FunctionScope, call: Call): string | undefined {
  const callee = unwrapped(call.type === "CallExpression" ? call.callee : call.tag);
  if (isAtomicsWait(scope, callee)) return "Atomics.wait";
  const origin = originOf(scope, callee);
  if (origin !== undefined && isSyncOfNode(origin)) return writtenName(callee);
  if (origin !== undefined && isKnownToBlock(origin)) return knownText(callee, origin);
  // Other calls are judged by name, unless their result is awaited.
  if (surrounding(call).parent?.type === "AwaitExpression") return undefined;
  return isNamedSync(scope, call, callee, origin) ? writtenName(callee) : undefined;
}

function isAtomicsWait(scope: FunctionScope, callee: SyntaxNode): boolean {
  if (callee.type !== "MemberExpression" || memberName(callee) !== "wait") return false;
  return scope.isGlobalName(unwrapped(callee.object), "Atomics");
}

/** `loadSync`, and the `sync` of a package: `execa.sync`. A function of the same file is judged by its own code. */
function isNamedSync(
  scope: FunctionScope,
  call: Call,
  callee: SyntaxNode,
  origin: Origin | undefined,
): boolean {
  const isOwn = call.type === "CallExpression" && scope.calledFunction(call) !== undefined;
  if (isOwn) return false;
  const written =
    callee.type === "MemberExpression"
      ? memberName(callee)
      : callee.type === "Identifier"
        ? callee.name
        : undefined;
  if (written === undefined) return false;
  const imported = callee.type === "Identifier" && origin?.path.length === 1 ? origin.path[0] : written;
  if (/[A-Za-z0-9]Sync$/.test(imported ?? "")) return true;
  return imported === "sync" && origin !== undefined && !origin.from.startsWith(".");
}

/** Names a SQLite statement by its type, and a function made synchronous by the function that made it so. */
function knownText(callee: SyntaxNode, { from, path }: Origin): string {
  const method = path.at(-1) ?? "";
  if (from === "sqlite" || from === "better-sqlite3") {
    if (path.at(-1) === "()") return `a transaction of ${from}`;
    return `${method} of a SQLite ${path.includes("prepare") ? "statement" : "database"}`;
  }
  return `${writtenName(callee)}, which ${from} makes synchronous`;
}
