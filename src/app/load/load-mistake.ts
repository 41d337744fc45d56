import { isError } from "../../errors/described-error.ts";
import type { LoadMistake } from "./user-modules.ts";

/**
 * What Node cannot load, for every way to load an app: `offloop run`, `testClient`, a thread. Undefined for what the
 * module's own code has thrown. The parser is loaded only for code that Node could not read.
 *
 * @param module - The module that was imported; the mistake may be in one that it imports.
 */
export async function loadMistake(error: unknown, module: URL): Promise<LoadMistake | undefined> {
  if (!isError(error)) return undefined;
  if (isCommonJs(error))
    return {
      fix: 'run "npm pkg set type=module", or name the file .mts or .mjs, or write require: Node takes it for CommonJS, which has no import',
    };
  // By its name: in a node:vm, where Jest loads everything, Node's own errors are not instances of the classes there.
  if (error.name === "SyntaxError") return (await import("./syntax-mistake.ts")).syntaxMistake(error, module);
  const { code = "" } = error as NodeJS.ErrnoException;
  if (/ imported from /.test(error.message))
    return (await import("./import-mistake.ts")).importMistake(error);
  if (!unloadable.has(code)) return undefined;
  return (await import("./format-mistake.ts")).formatMistake(error, module);
}

/** Node has found the file, and does not load what is in it. */
const unloadable: ReadonlySet<string> = new Set([
  "ERR_IMPORT_ATTRIBUTE_MISSING",
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
]);

function isCommonJs(error: Error): boolean {
  return error.name === "SyntaxError" && error.message.includes("import statement outside a module");
}
