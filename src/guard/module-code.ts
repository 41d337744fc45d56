import type { Debugger, Runtime, Session } from "node:inspector";
import { type Comment, type Options, type Program, parse } from "acorn";
import { analyze } from "eslint-scope";
import { scriptPath } from "../errors/source-map.ts";
import { type Allowance, readAllowance } from "./allowance.ts";
import type { Scopes } from "./function-scope.ts";
import { descendants, type FunctionNode, isFunction, linkParents, type SyntaxNode } from "./syntax.ts";

/** Where a function is in the code that V8 runs. Lines and columns count from 1. */
export interface LoadedFunction {
  readonly file: string;
  /** The whole script as V8 received it: stripped of types, or compiled. */
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

const KEY = Symbol.for("offloop.guard");
const keyText = `globalThis[Symbol.for(${JSON.stringify(KEY.description)})]`;

/**
 * Stays while coverage is measured. When its last debugger leaves, V8 drops the counts of the blocks that have run, and
 * Node's coverage then takes a function that no thread has called for one that nobody has.
 */
let lasting: Session | undefined;

function measuresCoverage(): boolean {
  return process.env.NODE_V8_COVERAGE !== undefined || process.env.VITEST !== undefined;
}

/**
 * Asks V8 where functions are; exact whatever compiled them. All are undefined in a Node without inspector, and under
 * `--permission` without `--allow-inspector`.
 */
export function findLoaded(functions: readonly object[]): (LoadedFunction | undefined)[] {
  const inspector = process.features.inspector ? process.getBuiltinModule("node:inspector") : undefined;
  if (inspector === undefined || (process.permission && !process.permission.has("inspector")))
    return functions.map(() => undefined);
  if (measuresCoverage() && lasting === undefined) {
    lasting = new inspector.Session();
    lasting.connect();
    lasting.post("Debugger.enable");
  }
  const session = new inspector.Session();
  const scripts = new Map<string, Debugger.ScriptParsedEventDataType>();
  session.on("Debugger.scriptParsed", ({ params }) => scripts.set(params.scriptId, params));
  Object.defineProperty(globalThis, KEY, { value: functions, configurable: true });
  try {
    session.connect();
    session.post("Debugger.enable");
    return functions.map((_, index) => locate(session, index, scripts));
  } finally {
    session.disconnect();
    Reflect.deleteProperty(globalThis, KEY);
  }
}

function locate(
  session: Session,
  index: number,
  scripts: ReadonlyMap<string, Debugger.ScriptParsedEventDataType>,
): LoadedFunction | undefined {
  const { result } = ask<Runtime.EvaluateReturnType>(session, "Runtime.evaluate", {
    expression: `${keyText}[${index}]`,
  });
  const { internalProperties = [] } = ask<Runtime.GetPropertiesReturnType>(session, "Runtime.getProperties", {
    objectId: result.objectId,
    ownProperties: true,
  });
  const place = internalProperties.find(({ name }) => name === "[[FunctionLocation]]")?.value?.value as
    | Debugger.Location
    | undefined;
  const script = place && scripts.get(place.scriptId);
  if (place === undefined || script === undefined || script.url === "") return undefined;
  const { scriptSource } = ask<Debugger.GetScriptSourceReturnType>(session, "Debugger.getScriptSource", {
    scriptId: place.scriptId,
  });
  return {
    file: scriptPath(script.url),
    source: scriptSource,
    line: place.lineNumber + 1,
    column: (place.columnNumber ?? 0) + 1,
  };
}

/** Within its own thread, a session answers before `post` returns. */
function ask<Answer>(session: Session, method: string, params: object): Answer {
  let answer: unknown;
  session.post(method, params, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer as Answer;
}

/** Parsed JavaScript, as it runs: a module, or a function on its own. */
export class ModuleCode {
  readonly scopes: Scopes;
  readonly allowances: readonly Allowance[];
  readonly program: SyntaxNode;

  private constructor(program: Program, comments: readonly Comment[], sourceType: "module" | "commonjs") {
    this.program = program;
    // acorn's nodes are ESTree's; only the names of their types differ.
    const tree = program as unknown as Parameters<typeof analyze>[0];
    this.scopes = analyze(tree, { ecmaVersion: 2026, sourceType }) as unknown as Scopes;
    // Not earlier: for unknown node types, the analysis follows every field.
    linkParents(program);
    this.allowances = comments.flatMap(({ value, loc }) => readAllowance(value, loc?.end.line ?? 0) ?? []);
  }

  /** Parses a module of either kind; undefined when acorn cannot parse it. */
  static parse(source: string): ModuleCode | undefined {
    for (const sourceType of ["module", "commonjs"] as const) {
      const comments: Comment[] = [];
      const program = parseAs(sourceType, source, comments);
      if (program !== undefined) return new ModuleCode(program, comments, sourceType);
    }
    return undefined;
  }

  /** The function that begins at a position: V8 counts from the parenthesis before its parameters. */
  functionAt(line: number, column: number): FunctionNode | undefined {
    const isBefore = (place: { line: number; column: number }): boolean =>
      place.line < line || (place.line === line && place.column <= column - 1);
    let found: FunctionNode | undefined;
    for (const node of descendants(this.program)) {
      if (!isFunction(node) || !node.loc || !node.body.loc) continue;
      // The innermost function comes last: it begins before the position, and its body does not.
      if (isBefore(node.loc.start) && !isBefore(node.body.loc.start)) found = node;
    }
    return found;
  }

  /** Its first function: for code that contains nothing else. */
  firstFunction(): FunctionNode | undefined {
    return [...descendants(this.program)].find(isFunction);
  }
}

/** Undefined when the source is of the other kind, or acorn cannot parse it. */
function parseAs(
  sourceType: "module" | "commonjs",
  source: string,
  onComment: Comment[],
): Program | undefined {
  const options: Options = { ecmaVersion: "latest", sourceType, locations: true, ranges: true, onComment };
  try {
    return parse(source, options);
  } catch {
    return undefined;
  }
}
