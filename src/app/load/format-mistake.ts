import { pathToFileURL } from "node:url";
import { installedPackage } from "../../errors/installed-package.ts";
import { scriptPath } from "../../errors/source-map.ts";
import { type LoadMistake, type StaticImport, userModules } from "./user-modules.ts";

/** What to do about a file that Node has found and does not load, with the user's import of it. */
export function formatMistake(error: NodeJS.ErrnoException, module: URL): LoadMistake | undefined {
  const file = unloadedFile(error);
  if (file === undefined) return undefined;
  const found = findImport(module, file);
  const fix = fixes[error.code ?? ""]?.(file, found);
  if (fix === undefined) return undefined;
  return found === undefined ? { fix } : { at: found.at, fix };
}

const fixes: Readonly<Record<string, (file: string, found?: StaticImport) => string | undefined>> = {
  ERR_IMPORT_ATTRIBUTE_MISSING: (file, found) => {
    if (!file.endsWith(".json")) return undefined;
    const text = found?.text ?? 'import data from "./data.json"';
    return `write ${text.replace(/\s+/g, " ")} with { type: "json" }`;
  },
  ERR_UNKNOWN_FILE_EXTENSION: (file) =>
    /\.[jt]sx$/.test(file)
      ? "name it .ts if it has no JSX, or compile it, with a bundler or with tsx; see node_modules/offloop/docs/toolchain.md"
      : undefined,
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING: (file) =>
    `compile ${installedPackage(file)} to JavaScript, or bundle the app with only offloop external: Node runs no TypeScript in node_modules; see node_modules/offloop/docs/toolchain.md`,
};

/** The file in Node's message: a URL in quotes, or a path at the end. */
function unloadedFile({ message }: Error): string | undefined {
  const name = /"(file:[^"]+)"/.exec(message)?.[1] ?? message.split('" for ')[1];
  return name === undefined ? undefined : scriptPath(name);
}

/** Where the user's modules import a file: by its path, or by the package that it is in. */
function findImport(module: URL, file: string): StaticImport | undefined {
  const { href } = pathToFileURL(file);
  const name = installedPackage(file);
  for (const { url, imports } of userModules(module)) {
    const found = imports.find(({ specifier }) =>
      /^\.{0,2}\//.test(specifier)
        ? new URL(specifier, url).href === href
        : name !== undefined && (specifier === name || specifier.startsWith(`${name}/`)),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}
