import { isBuiltin } from "node:module";
import { type Finding, runCheck } from "./finding.ts";
import { findCycles, type Import, readImports } from "./import-graph.ts";
import { SourceTree } from "./source-tree.ts";

const belowHttp = [
  "errors",
  "channels",
  "schema",
  "app",
  "dependencies",
  "operation",
  "threads",
  "background",
  "openapi",
  "watch",
  "tracing",
  "html",
];

/**
 * Who may import whom, one row for each top-level folder of src.
 * "type x" allows only what loads nothing at run time; "*" is everything except index and cli.
 */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  channels: [],
  source: [],
  dsn: [],
  html: [],
  schema: ["errors"],
  app: ["schema", "errors", "type channels"],
  dependencies: ["app", "schema", "errors"],
  security: ["app", "schema", "errors"],
  operation: ["app", "schema", "dependencies", "errors", "channels"],
  threads: ["operation", "dependencies", "app", "schema", "errors", "channels", "tracing"],
  background: ["operation", "app", "errors", "channels", "type threads"],
  openapi: ["app", "schema", "errors", "html"],
  http: [...belowHttp, "metrics", "inspector"],
  guard: ["app", "errors", "source"],
  eslint: ["guard"],
  watch: ["channels", "errors", "source"],
  metrics: ["channels", "threads"],
  tracing: ["app", "errors"],
  inspector: ["channels", "errors"],
  queue: ["app", "background", "errors"],
  testing: ["http", "guard", "metrics", ...belowHttp],
  cli: ["*"],
};

/** For files that stand directly in src: the public names of the package. */
const entryRow = ["*"];

const importedByNobody = new Set(["index", "cli"]);

/** A package that one folder keeps to itself. */
const keptInFolder: Readonly<Record<string, string>> = { fastify: "http", "@opentelemetry/api": "tracing" };

interface Package {
  name?: string;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** Refuses imports against the table, cycles, and packages that a user's install would lack. */
export function checkImports(root: string): Finding[] {
  const tree = new SourceTree(root);
  const pack = JSON.parse(tree.readText("package.json")) as Package;
  const imports = new Map(tree.list("src", [".ts"]).map((path) => [path, readImports(tree.parse(path))]));
  const findings = findUnknownFolders([...imports.keys()]);
  for (const [file, list] of imports) {
    for (const item of list) {
      const refusal = item.target ? refuseFile(file, item, item.target) : refusePackage(file, item, pack);
      if (refusal) findings.push({ file, line: item.line, ...refusal });
    }
  }
  return [...findings, ...describeCycles(imports)];
}

type Refusal = Pick<Finding, "problem" | "fix">;

/** The row of a file: its folder, or its own name when it stands directly in src. */
function areaOf(path: string): string {
  return path.split("/")[1]?.replace(/\.ts$/, "") ?? "";
}

function rowOf(file: string): readonly string[] | undefined {
  return mayImport[areaOf(file)] ?? (file.split("/").length === 2 ? entryRow : undefined);
}

function findUnknownFolders(files: readonly string[]): Finding[] {
  const firstFiles = new Map(files.filter((file) => !rowOf(file)).map((file) => [areaOf(file), file]));
  return [...firstFiles].map(([folder, file]) => ({
    file,
    line: 1,
    problem: `Cannot tell what src/${folder} may import: the table has no row for it`,
    fix: `add "${folder}" to mayImport in scripts/check-imports.ts`,
  }));
}

function refuseFile(file: string, item: Import, target: string): Refusal | undefined {
  if (target === "package.json") return undefined;
  if (!target.startsWith("src/")) {
    return {
      problem: `Cannot import "${item.specifier}": it is outside src`,
      fix: "move what is needed into src",
    };
  }
  const [from, to] = [areaOf(file), areaOf(target)];
  const row = rowOf(file);
  if (!row || (from === to && to !== "index")) return undefined;
  if (importedByNobody.has(to)) {
    return {
      problem: `Cannot import "${item.specifier}": nobody imports ${to}`,
      fix: "import the file that declares the name",
    };
  }
  if (row.includes("*") || row.includes(to)) return undefined;
  if (!row.includes(`type ${to}`)) return refuseByTable(item, from, to, row);
  return item.typeOnly
    ? undefined
    : {
        problem: `Cannot import "${item.specifier}": ${from} may import only types from ${to}`,
        fix: 'write "import type", or pass the value in as an argument',
      };
}

function refuseByTable(item: Import, from: string, to: string, row: readonly string[]): Refusal {
  const allowed = row.length === 0 ? "nothing" : row.join(", ");
  return {
    problem: `Cannot import "${item.specifier}": ${from} may import ${allowed}, not ${to}`,
    fix: `pass it in as an argument, or move the code to a folder that may import ${to}`,
  };
}

function refusePackage(file: string, item: Import, pack: Package): Refusal | undefined {
  if (isBuiltin(item.specifier)) return undefined;
  const name = packageName(item.specifier);
  if (name === pack.name) {
    return {
      problem: `Cannot import "${item.specifier}": src is that package, and nobody imports index`,
      fix: "import the file that declares the name by its relative path",
    };
  }
  const folder = keptInFolder[name];
  if (folder && areaOf(file) !== folder) {
    return {
      problem: `Cannot import "${item.specifier}": only src/${folder} may, types included`,
      fix: `move the code to src/${folder}, or describe what is needed in a type of this folder`,
    };
  }
  const installed = { ...pack.dependencies, ...pack.peerDependencies, ...pack.optionalDependencies };
  if (name in installed) return undefined;
  return {
    problem: `Cannot import "${item.specifier}": package.json has ${name} in neither dependencies nor peerDependencies`,
    fix: `run npm install ${name}`,
  };
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function describeCycles(imports: ReadonlyMap<string, readonly Import[]>): Finding[] {
  return findCycles(imports).map((ring) => {
    const [file = "", next = file] = ring;
    const lineTo = (from: string, to: string): number =>
      imports.get(from)?.find((item) => item.target === to)?.line ?? 1;
    const steps = ring.map((step, at) => `${step}:${lineTo(step, ring[at + 1] ?? file)}`);
    return {
      file,
      line: lineTo(file, next),
      problem: `Cannot import in a cycle: ${[...steps, file].join(" -> ")}`,
      fix: "move what two of them share into a file that imports neither",
    };
  });
}

if (import.meta.main) runCheck("imports", checkImports);
