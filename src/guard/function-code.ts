import type { SourceLocation } from "../errors/offloop-error.ts";
import { shownPosition } from "../errors/shown-position.ts";
import { originalPosition, readSourceMap } from "../errors/source-map.ts";
import { findLoaded, type LoadedFunction, ModuleCode } from "./module-code.ts";
import type { FunctionNode, SyntaxNode } from "./syntax.ts";

/** A function of the app, and the line that declares it. */
export interface DeclaredFunction {
  readonly fn: (...args: never[]) => unknown;
  readonly location: SourceLocation;
}

/** A function's code, in the module that it is part of. */
export interface FunctionCode {
  readonly module: ModuleCode;
  readonly node: FunctionNode;
  /** Maps a line and column of the parsed code to the user's source. */
  readonly place: (start: Place) => SourceLocation;
}

type Place = Pick<SourceLocation, "line" | "column">;

/** Finds the code of functions. Each module is parsed once. */
export class FunctionCodes {
  readonly #loaded: ReadonlyMap<object, LoadedFunction | undefined>;
  readonly #modules: Map<string, ModuleCode | undefined> = new Map();

  constructor(functions: readonly object[]) {
    const found = findLoaded(functions);
    this.#loaded = new Map(functions.map((fn, index) => [fn, found[index]]));
  }

  /** Undefined when the code cannot be parsed, or is native. */
  of(declared: DeclaredFunction): FunctionCode | undefined {
    const loaded = this.#loaded.get(declared.fn);
    return loaded === undefined ? codeAlone(declared) : this.#codeInModule(loaded);
  }

  #codeInModule({ file, source, line, column }: LoadedFunction): FunctionCode | undefined {
    if (!this.#modules.has(file)) this.#modules.set(file, ModuleCode.parse(source));
    const module = this.#modules.get(file);
    const node = module?.functionAt(line, column);
    if (module === undefined || node === undefined) return undefined;
    const map = readSourceMap(file, source);
    const place: FunctionCode["place"] = (start) => {
      const at = { file, ...start };
      return map === undefined ? shownPosition(at) : originalPosition(at, map);
    };
    return { module, node, place };
  }
}

/** Without V8's help: the function's own text, with lines counted from its declaration. */
function codeAlone({ fn, location }: DeclaredFunction): FunctionCode | undefined {
  const text = Function.prototype.toString.call(fn);
  const module = ModuleCode.parse(`(${text})`) ?? ModuleCode.parse(`({${text}})`);
  const node = module?.firstFunction();
  if (module === undefined || node === undefined) return undefined;
  return { module, node, place: ({ line }) => ({ ...location, line: location.line + line - 1 }) };
}

/** Where a node starts in the parsed code. */
export function startOf(node: SyntaxNode): Place {
  const { line = 1, column = 0 } = node.loc?.start ?? {};
  return { line, column: column + 1 };
}
