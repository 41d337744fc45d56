import { declarator, type FunctionScope, importOf } from "./function-scope.ts";
import { isFunction, memberName, type NodeOf, type SyntaxNode, unwrapped } from "./syntax.ts";

/**
 * Library calls with known behaviour, by module and by the path to the call: `new` and `()` where something is
 * constructed or called on the way, `*` for any single name.
 */
type Known = Readonly<Record<string, readonly string[]>>;

/** Calls that return only when their work is done, in addition to those whose name ends in `Sync`. */
const blocking: Known = {
  sqlite: ["DatabaseSync new exec", "DatabaseSync new prepare () all|get|run|iterate"],
  "better-sqlite3": [
    "new exec|pragma",
    "new prepare () all|get|run|iterate",
    "new prepare () * () all|get|run|iterate",
    "new transaction ()",
  ],
  synckit: ["createSyncFn ()"],
  "make-synchronous": ["()", "makeSynchronous ()", "makeSynchronousFunction ()"],
  "sync-fetch": [""],
  "sync-request": [""],
  deasync: ["()", "loopWhile", "sleep"],
  koffi: ["load () func ()"],
};

/** Calls that return a promise: of drivers, of clients, and of Node's own modules. */
const promising: Known = {
  "fs/promises": ["*"],
  fs: ["promises *"],
  sqlite: ["backup"],
  "timers/promises": ["setTimeout", "setImmediate"],
  undici: ["fetch", "request"],
  pg: ["Pool new query|connect|end", "Client new query|connect|end", "Pool new connect () query"],
  postgres: ["()", "() begin|end|unsafe"],
  "mysql2/promise": [
    "createPool () query|execute|getConnection|end",
    "createConnection",
    "createConnection () query|execute|end",
  ],
  mysql2: ["createPool|createConnection () promise () query|execute"],
  mariadb: [
    "createPool () query|execute|batch|getConnection|end",
    "createConnection",
    "createConnection () query|execute|batch|end",
  ],
  "@prisma/client": ["PrismaClient new * *", "PrismaClient new $transaction|$queryRaw|$executeRaw"],
  redis: ["createClient () connect|get|set|del|incr|expire|hGet|hSet|publish|quit"],
  ioredis: ["new get|set|del|incr|expire|hget|hset|publish|quit", "Redis new get|set|del|incr|publish|quit"],
  mongodb: ["MongoClient new db () collection () insertOne|updateOne|deleteOne|findOne|countDocuments"],
};

/** What is made by these belongs to the thread that made it. */
const handles: Known = {
  sqlite: ["DatabaseSync new"],
  "better-sqlite3": ["new"],
  pg: ["Pool new", "Client new"],
  "@prisma/client": ["PrismaClient new"],
  ioredis: ["new", "Redis new"],
  mongodb: ["MongoClient new"],
};

/** Every AWS service's client has the same method. */
const promisingPackages: Known = { "@aws-sdk/client-": ["* new send"] };

/** Whether a call to something with this origin blocks. */
export function isKnownToBlock({ from, path }: Origin): boolean {
  return matches(blocking[from], path);
}

/** Whether a call to something with this origin returns a promise. */
export function isKnownToPromise({ from, path }: Origin): boolean {
  const family = Object.keys(promisingPackages).find((prefix) => from.startsWith(prefix));
  return matches(promising[from], path) || (family !== undefined && matches(promisingPackages[family], path));
}

/** Whether something with this origin works only in the thread that made it. */
export function isKnownHandle({ from, path }: Origin): boolean {
  return matches(handles[from], path);
}

function matches(patterns: readonly string[] | undefined, path: readonly string[]): boolean {
  return patterns?.some((pattern) => fits(pattern === "" ? [] : pattern.split(" "), path)) ?? false;
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  return (
    pattern.length === path.length &&
    pattern.every((step, index) => step === "*" || step.split("|").includes(path[index] ?? ""))
  );
}

const builtins = ["fs", "crypto", "zlib", "child_process"] as const;

/** Whether a module of Node's has a synchronous function with this name, according to Node's own exports. */
export function isSyncOfNode({ from, path }: Origin): boolean {
  const [name = ""] = path;
  const builtin = builtins.find((one) => one === from);
  if (builtin === undefined || path.length !== 1 || !name.endsWith("Sync")) return false;
  return name in process.getBuiltinModule(`node:${builtin}`);
}

/**
 * Where a value comes from, as far as one file shows it: the module, and what is done with its export. For `await new
 * Pool().connect()` this is `pg` and `["Pool", "new", "connect", "()"]`.
 */
export interface Origin {
  readonly from: string;
  readonly path: readonly string[];
}

/** Deeper than any code that a reader follows. */
const MAX_STEPS = 20;

/** Follows names, members and calls back to an import. Undefined when the trail ends elsewhere. */
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
      return moduleNamed(value.source);
    case "CallExpression":
      return originOfModuleCall(scope, value) ?? extended(next(value.callee), "()");
    default:
      return undefined;
  }
}

function extended(origin: Origin | undefined, step: string | undefined): Origin | undefined {
  if (origin === undefined || step === undefined) return undefined;
  // A module's default export is what `import * as` and `require` return for most of Node and npm.
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
  if (!declared?.init || isFunction(declared.init)) return undefined;
  const origin = originOf(scope, declared.init, steps - 1);
  return declared.id.type === "Identifier" ? origin : extended(origin, keyOf(declared.id, node.name));
}

/** The key under which a pattern binds a name: `b` in `{ b: name }`. */
function keyOf(pattern: SyntaxNode, name: string): string | undefined {
  if (pattern.type !== "ObjectPattern") return undefined;
  for (const property of pattern.properties) {
    if (property.type !== "Property" || property.key.type !== "Identifier") continue;
    const target = property.value.type === "AssignmentPattern" ? property.value.left : property.value;
    if (target.type === "Identifier" && target.name === name) return property.key.name;
  }
  return undefined;
}

/** What compilers turn `import` into, including vitest. */
const imports = new Set(["require", "__vite_ssr_import__", "__vite_ssr_dynamic_import__", "__vi_import__"]);

/** `require("fs")`, `process.getBuiltinModule("fs")`. */
function originOfModuleCall(scope: FunctionScope, call: NodeOf<"CallExpression">): Origin | undefined {
  const callee = unwrapped(call.callee);
  const isRequire = callee.type === "Identifier" && imports.has(callee.name);
  const isBuiltin =
    callee.type === "MemberExpression" &&
    memberName(callee) === "getBuiltinModule" &&
    scope.isGlobalName(callee.object, "process");
  const [first] = call.arguments;
  return first !== undefined && (isRequire || isBuiltin) ? moduleNamed(first) : undefined;
}

function moduleNamed(node: SyntaxNode): Origin | undefined {
  if (node.type !== "Literal" || typeof node.value !== "string") return undefined;
  return { from: moduleName(node.value), path: [] };
}

function moduleName(specifier: string): string {
  return specifier.replace(/^node:/, "");
}
