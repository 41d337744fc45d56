import type { IForbiddenRuleType } from "dependency-cruiser";

/** The rooms (the top-level folders of src) from which the code of a room may import. "type x" allows only `import type`. */
type Row = readonly string[];

const base = ["schema", "errors", "channels"];

/** The path of a request: each room may import those above it. */
const path: Readonly<Record<string, Row>> = {
  errors: [],
  channels: [],
  schema: ["errors"],
  app: ["schema", "errors", "type channels"],
  operation: ["app", "schema", "errors"],
  threads: ["operation", "app", ...base],
  lanes: ["threads", "operation", "app", ...base],
  http: ["lanes", "threads", "operation", "app", ...base],
};

/** Rooms that read channels or surround a run. The path does not name them; `composition` does. */
const plugIns: Readonly<Record<string, Row>> = {
  security: ["app", "errors", "type schema"],
  openapi: ["app", "schema", "errors"],
  jobs: ["app", ...base, "type lanes"],
  inspector: ["errors", "channels", "app"],
  watch: ["errors", "channels", "type app", "type operation", "type lanes"],
  metrics: ["channels", "threads", "type app"],
  tracing: ["errors", "channels", "type app", "type threads", "type lanes"],
  dsn: ["errors"],
  guard: ["app", "errors"],
  eslint: ["guard"],
  testing: ["http", "app", "errors", "guard", "threads", "jobs", "type channels", "type watch"],
};

/**
 * The files of the path that put plug-ins in: where a server is opened, where it adds the routes of plug-ins, and where
 * a thread begins.
 */
const composition = [
  "http/open-app",
  "http/arounds",
  "http/server",
  "http/app-part",
  "http/pages/docs",
  "http/pages/inspector",
  "http/pages/inspector-jobs",
  "http/pages/metrics",
  "http/traced-requests",
  "threads/inside/entry",
];

const table: Readonly<Record<string, Row>> = { ...path, ...plugIns };

/** Every folder that is allowed in src. */
export const rooms: readonly string[] = [...Object.keys(table), "cli"];

/** A package that one room keeps to itself, including its types. "type x" allows the room x only `import type`. */
const keptInRoom: Readonly<Record<string, readonly string[]>> = {
  fastify: ["http", "type app"],
  "@opentelemetry/api": ["tracing"],
  "pg-boss": ["jobs"],
};

/** The table as rules of dependency-cruiser. */
export const importRules: IForbiddenRuleType[] = [
  ...Object.entries(table).flatMap(([room, row]) => rulesOfRoom(room, row)),
  ...Object.entries(keptInRoom).flatMap(([name, homes]) => rulesOfPackage(name, homes)),
  {
    ...error("no cycle", "move what two of them share into a file that imports neither"),
    from: { path: "^src/" },
    to: { circular: true },
  },
  {
    ...error("nobody imports an entry point", "import the file that declares the name"),
    from: { path: "^src/" },
    to: { path: "^src/[^/]+$" },
  },
  {
    ...error("only cli imports cli", "move what is shared to a room that both may import"),
    from: { path: "^src/", pathNot: folder("cli") },
    to: { path: folder("cli") },
  },
  {
    ...error("nothing from outside src", "move what is needed into src"),
    from: { path: "^src/" },
    to: { pathNot: ["^src/", "^package\\.json$"], dependencyTypes: ["local"] },
  },
  {
    ...error("only packages that an install has", "add the package to dependencies or peerDependencies"),
    from: { path: "^src/" },
    to: {
      dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "unknown", "undetermined"],
      // A peer dependency is also a dev dependency, since the tests need one.
      dependencyTypesNot: ["npm-peer"],
    },
  },
  {
    ...error("no drawers", "name the file after the one noun it declares"),
    from: {},
    to: { path: "[/-](utils?|helpers?|managers?|common|misc|libs?)[/.-]", dependencyTypes: ["local"] },
  },
];

function rulesOfPackage(name: string, homes: readonly string[]): IForbiddenRuleType[] {
  const typed = homes.filter((home) => home.startsWith("type ")).map((home) => folder(home.slice(5)));
  const whole = homes.filter((home) => !home.startsWith("type ")).map(folder);
  const rule = error(
    `${name} stays in ${homes.join(", ")}`,
    `describe what is needed of ${name} in a type of the room`,
  );
  const path = `node_modules/${name}/`;
  const rules: IForbiddenRuleType[] = [
    { ...rule, from: { path: "^src/", pathNot: [...whole, ...typed] }, to: { path } },
  ];
  if (typed.length > 0)
    rules.push({ ...rule, from: { path: typed }, to: { path, dependencyTypesNot: ["type-only"] } });
  return rules;
}

function rulesOfRoom(room: string, row: Row): IForbiddenRuleType[] {
  const types = row.filter((entry) => entry.startsWith("type ")).map((entry) => entry.slice("type ".length));
  const values = row.filter((entry) => !entry.startsWith("type "));
  const own = composition.filter((file) => file.startsWith(`${room}/`)).map((file) => `^src/${file}\\.ts$`);
  const from = { path: folder(room) };
  const allowed = row.length === 0 ? "nothing" : row.join(", ");
  const whole = error(
    `${room} imports ${allowed}`,
    "pass it in as an argument, or move the code to another room",
  );
  const ownRoom = [room, ...values, ...types].map(folder);
  const rules: IForbiddenRuleType[] = [
    { ...whole, from: { ...from, pathNot: own }, to: { path: "^src/[^/]+/", pathNot: ownRoom } },
  ];
  if (own.length > 0) {
    const inComposition = [...ownRoom, ...Object.keys(plugIns).map(folder)];
    rules.push({ ...whole, from: { path: own }, to: { path: "^src/[^/]+/", pathNot: inComposition } });
  }
  if (types.length > 0) {
    const only = error(
      `${room} imports only types of ${types.join(", ")}`,
      "write `import type`, or pass it in",
    );
    rules.push({ ...only, from, to: { path: types.map(folder), dependencyTypesNot: ["type-only"] } });
  }
  return rules;
}

function folder(room: string): string {
  return `^src/${room}/`;
}

function error(name: string, fix: string): { name: string; severity: "error"; comment: string } {
  return { name, severity: "error", comment: `fix: ${fix}` };
}
