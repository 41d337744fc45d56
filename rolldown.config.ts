import { resolve } from "node:path";
import type { OutputOptions, RolldownOptions } from "rolldown";

/** What the package exports, and what threads and processes begin with: these files keep their places in `dist`. */
const entries = [
  "index",
  "security",
  "testing",
  "dsn",
  "eslint/index",
  "cli/main",
  "cli/dev-process",
  "http/health/health-thread",
  "jobs/embedded/embedded-thread",
  "jobs/worker/pulse-thread",
  "threads/crossing/relay-thread",
  "threads/inside/entry",
  "watch/watchdog",
];

type Chunking = Extract<OutputOptions["codeSplitting"], object>;
type NameChunk = Extract<NonNullable<Chunking["groups"]>[number]["name"], (...parameters: never) => unknown>;
type Graph = Parameters<NameChunk>[1];

/**
 * Where threads and processes begin that load little, and must not load more: for the command line that would be what
 * an older Node cannot load, before it has said so.
 */
const light = [
  "cli/main",
  "dsn",
  "eslint/index",
  "http/health/health-thread",
  "jobs/worker/pulse-thread",
  "threads/crossing/relay-thread",
  "watch/watchdog",
];

/**
 * What is loaded together, and where each begins. A module belongs to the first of them that leads to it: every thread
 * loads the declarations; one of the pool also what runs them; the main thread, which serves, all three.
 */
const chunks = [
  ["declare", ["index"]],
  ["run", ["threads/inside/entry"]],
  ["serve", ["http/lifecycle/listen"]],
] as const;

const entryIds = entries.map(idOf);

/** Names the chunk of a module; null for one that begins something, or that few load. */
const nameChunk: NameChunk = (id, graph) => {
  if (entryIds.includes(id)) return null;
  const found = chunks.find(([, starts]) => reached(starts, graph).has(id));
  if (found === undefined) return null;
  const [name] = found;
  return reached(light, graph).has(id) ? `${name}-light` : name;
};

const known = new WeakMap<readonly string[], ReadonlySet<string>>();

/** All modules that files of `src` import, directly or through others, without those that are only loaded on demand. */
function reached(starts: readonly string[], graph: Graph): ReadonlySet<string> {
  const before = known.get(starts);
  if (before !== undefined) return before;
  const found = new Set(starts.map(idOf));
  for (const id of found)
    for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  known.set(starts, found);
  return found;
}

function idOf(name: string): string {
  return resolve("src", `${name}.ts`);
}

/**
 * The package's code. Every thread and process loads it anew, and each file costs about a millisecond: what is always
 * loaded together is one file, and what only some load is a file of its own.
 */
const config: RolldownOptions = {
  input: Object.fromEntries(entries.map((entry) => [entry, `src/${entry}.ts`])),
  platform: "node",
  external: (id) => !/^[./]|^@oxc-project\//.test(id),
  output: {
    dir: "dist",
    cleanDir: true,
    sourcemap: true,
    chunkFileNames: "chunks/[name].js",
    comments: { jsdoc: false }, // the declarations have them
    codeSplitting: {
      includeDependenciesRecursively: false, // each module is named
      groups: [{ name: nameChunk, debugName: "loaded together" }],
    },
  },
};

export default config;
