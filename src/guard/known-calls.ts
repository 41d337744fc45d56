import type { Origin } from "./origin.ts";

/**
 * What calls of libraries do, by the module and by what leads to the call: `new` and `()` where something is constructed or
 * called on the way, `*` for any one name.
 */
type Known = Readonly<Record<string, readonly string[]>>;

/** Calls that return when their work is done, beyond those whose name ends in `Sync`. */
const blocking: Known = {
  sqlite: ["DatabaseSync new exec", "DatabaseSync new prepare () all|get|run|iterate", "backup"],
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

/** Calls that give a promise: of drivers, of clients, and of Node's own modules. */
const promising: Known = {
  "fs/promises": ["*"],
  fs: ["promises *"],
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

/** Every service's client of AWS has the same method. */
const promisingPackages: Known = { "@aws-sdk/client-": ["* new send"] };

/** Whether a call of what has this origin blocks. */
export function isKnownToBlock({ from, path }: Origin): boolean {
  return matches(blocking[from], path);
}

/** Whether a call of what has this origin gives a promise. */
export function isKnownToPromise({ from, path }: Origin): boolean {
  const family = Object.keys(promisingPackages).find((prefix) => from.startsWith(prefix));
  return matches(promising[from], path) || (family !== undefined && matches(promisingPackages[family], path));
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

/** Whether a module of Node has a synchronous function of this name, by Node's own list of names. */
export function isSyncOfNode({ from, path }: Origin): boolean {
  const [name = ""] = path;
  const builtin = builtins.find((one) => one === from);
  if (builtin === undefined || path.length !== 1 || !name.endsWith("Sync")) return false;
  return name in process.getBuiltinModule(`node:${builtin}`);
}
