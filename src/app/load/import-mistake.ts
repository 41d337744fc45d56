import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, isAbsolute, join, matchesGlob, parse, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { installedPackage } from "../../errors/installed-package.ts";
import { scriptPath } from "../../errors/source-map.ts";
import type { LoadMistake } from "./user-modules.ts";

/** Where the import is that Node could not resolve; undefined when that cannot be determined. */
export function importMistake(error: NodeJS.ErrnoException): LoadMistake | undefined {
  const importer = / imported from (.+)$/m.exec(error.message)?.[1];
  if (importer === undefined) return undefined;
  const file = scriptPath(importer);
  const missing = missingFrom(error);
  const found = importsOf(file).find(({ specifier }) => isWanted(specifier, file, missing));
  if (found === undefined) return undefined;
  const { specifier, line, column } = found;
  return { at: { file, line, column }, fix: fixOf(specifier, file, missing.path) };
}

interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly column: number;
}

/** Matches the specifiers of `import`, `export ... from` and `import()`. */
const SPECIFIER = /(?:\bfrom|\bimport)\s*(?:\(\s*)?(["'])([^"'\n]+)\1/g;

function importsOf(file: string): Import[] {
  try {
    const source = readFileSync(file, "utf8");
    return [...source.matchAll(SPECIFIER)].map(({ 0: text, 2: specifier = "", index }) => {
      const at = index + text.lastIndexOf(specifier) - 1;
      const before = source.slice(0, at).split("\n");
      return { specifier, line: before.length, column: (before.at(-1) as string).length + 1 };
    });
  } catch {
    return []; // code without a file
  }
}

/** What Node could not find: its name in the message, and the path that Node has made of it, if it is one. */
interface Missing {
  readonly name: string;
  readonly path: string;
}

function missingFrom(error: NodeJS.ErrnoException): Missing {
  const { url } = error as { readonly url?: unknown };
  const name = /["']([^"']+)["']/.exec(error.message)?.[1] ?? "";
  return {
    name,
    path: typeof url === "string" && url.startsWith("file:") ? fileURLToPath(url) : scriptPath(name),
  };
}

/** Whether an import's specifier is the one that Node could not find. */
function isWanted(specifier: string, importer: string, { name, path }: Missing): boolean {
  if (specifier === name || specifier.startsWith(`${name}/`)) return true;
  if (/^\.\.?\//.test(specifier)) return resolve(dirname(importer), specifier) === path;
  // A name in a package.json, which has led Node to a file that is not there.
  if (specifier.startsWith("#")) return parse(specifier).name.replace(/^#/, "") === parse(path).name;
  return packageOf(specifier) === installedPackage(path);
}

const endings = [".ts", ".js", ".mts", ".mjs", "/index.ts", "/index.js"];

function fixOf(specifier: string, importer: string, missing: string): string {
  const unbuilt =
    isAbsolute(missing) && !/^\.{0,2}\//.test(specifier) ? unbuiltFix(specifier, missing) : undefined;
  if (unbuilt !== undefined) return unbuilt;
  if (specifier.startsWith("#"))
    return `add it to "imports" in package.json, as in ${aliasLine(specifier)}, or mend the name`;
  if (isAlias(specifier, importer))
    return `give it a name in "imports" of package.json, as in ${aliasLine(specifier)}, or compile the app: Node knows no other aliases; see ${PAGE}`;
  // tsup takes "node:" from the names of Node's modules, also of those that have no other name.
  if (isBuiltin(`node:${specifier}`))
    return `write "node:${specifier}"; if a bundler has removed "node:", tell it not to: removeNodeProtocol: false in tsup`;
  if (!/^(?:\.\.?)?\//.test(specifier)) return `run "npm install ${packageOf(specifier)}", or mend the name`;
  const path = resolve(dirname(importer), specifier);
  const bare = path.replace(/\.m?[jt]s$/, "");
  const there = endings.find((ending) => existsSync(bare + ending));
  if (there === undefined) return "mend the path, or add the file";
  return `write "${specifier.replace(/\.m?[jt]s$/, "")}${there}": Node takes the file's own name`;
}

const PAGE = "node_modules/offloop/docs/toolchain.md";

/** Whether a specifier is an alias for a folder: no package can have the name, or a tsconfig.json says so. */
function isAlias(specifier: string, importer: string): boolean {
  return /^(?:@\/|~|\$)/.test(specifier) || pathsOf(importer).some((path) => matchesGlob(specifier, path));
}

/** `@/lib/x.ts` becomes `"#lib/*": "./src/lib/*"`. */
function aliasLine(specifier: string): string {
  const [first = "", ...rest] = specifier.replace(/^(?:[#@~$]\/|[#@~$])/, "").split("/");
  const name = first.replace(/\.[cm]?[jt]s$/, "");
  return rest.length > 0
    ? `"#${first}/*": "./src/${first}/*"`
    : `"#${name}": "./src/${name === first ? `${name}.ts` : first}"`;
}

/** The names in `paths` of the tsconfig.json nearest to a file. It may have comments, so it is not parsed. */
function pathsOf(importer: string): string[] {
  for (let folder = dirname(importer), last = ""; folder !== last; last = folder, folder = dirname(folder)) {
    const file = join(folder, "tsconfig.json");
    if (!existsSync(file)) continue;
    const [, config = ""] = readFileSync(file, "utf8").split('"paths"', 2);
    const paths = config.slice(0, config.indexOf("}"));
    return [...paths.matchAll(/"([^"\n]+)":/g)].map(([, name = ""]) => name.replace(/\*$/, "**"));
  }
  return [];
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

interface Manifest {
  readonly name?: string;
  readonly imports?: unknown;
  readonly exports?: unknown;
}

const SOURCE = /(?<!\.d)\.[cm]?ts$/;
/** Those that Node sets itself, and TypeScript's. */
const STANDARD: ReadonlySet<string> = new Set([
  "node",
  "import",
  "require",
  "module-sync",
  "default",
  "types",
]);

/**
 * What to do where a package.json of the workspace gives a name to a file that is not there: the output of a build.
 * Undefined where something else is missing.
 *
 * @param specifier - What was imported: a package, or a name in `imports`.
 * @param missing - The path that Node has made of it.
 */
function unbuiltFix(specifier: string, missing: string): string | undefined {
  // No build makes the source of an app: its name is misspelt.
  if (specifier.startsWith("#") && SOURCE.test(missing)) return undefined;
  const folder = packageFolder(missing);
  if (folder === undefined || installedPackage(realpathSync(folder)) !== undefined) return undefined;
  const { name, imports, exports } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  ) as Manifest;
  const condition = sourceCondition(specifier.startsWith("#") ? imports : exports);
  const orRun =
    condition === undefined ? "" : `, or run its source with NODE_OPTIONS=--conditions=${condition}`;
  return `build ${name ?? "the package"}${orRun}: its package.json names a file that is not there`;
}

function packageFolder(file: string): string | undefined {
  for (let folder = dirname(file), last = ""; folder !== last; last = folder, folder = dirname(folder))
    if (existsSync(join(folder, "package.json"))) return folder;
  return undefined;
}

/** The condition under which names lead to TypeScript: `src` of `{ "src": "./src/index.ts", "default": ... }`. */
function sourceCondition(names: unknown): string | undefined {
  if (typeof names !== "object" || names === null) return undefined;
  for (const [key, value] of Object.entries(names)) {
    if (typeof value !== "string") {
      const inner = sourceCondition(value);
      if (inner !== undefined) return inner;
    } else if (/^[^.#]/.test(key) && !STANDARD.has(key) && SOURCE.test(value)) return key;
  }
  return undefined;
}
