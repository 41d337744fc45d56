import type { RolldownOptions } from "rolldown";

/** What the package exports, and what threads and processes begin with: these files keep their places in `dist`. */
const entries = [
  "index",
  "security",
  "testing",
  "dsn",
  "eslint/index",
  "cli/main",
  "cli/dev-process",
  "http/health-thread",
  "jobs/embedded-thread",
  "jobs/pulse-thread",
  "threads/inside/entry",
  "watch/watchdog",
];

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
  },
};

export default config;
