import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { installedPackage } from "../../errors/installed-package.ts";

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
export function unbuiltFix(specifier: string, missing: string): string | undefined {
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
