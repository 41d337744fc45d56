import type { Debugger, Runtime, Session } from "node:inspector";
import { scriptPath } from "../errors/source-map.ts";

/** Where a function stands in the code that V8 runs. Lines and columns count from 1. */
export interface LoadedFunction {
  readonly file: string;
  /** The whole script as V8 was given it: without types, or compiled. */
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

const KEY = Symbol.for("offloop.guard");
const keyText = `globalThis[Symbol.for(${JSON.stringify(KEY.description)})]`;

/**
 * Asks V8 where functions stand; exact whatever compiled them. All are undefined in a Node without inspector, and under
 * `--permission` without `--allow-inspector`.
 */
export function findLoaded(functions: readonly object[]): (LoadedFunction | undefined)[] {
  const inspector = process.features.inspector ? process.getBuiltinModule("node:inspector") : undefined;
  if (inspector === undefined || (process.permission && !process.permission.has("inspector")))
    return functions.map(() => undefined);
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

/** In its own thread, a session answers before `post` returns. */
function ask<Answer>(session: Session, method: string, params: object): Answer {
  let answer: unknown;
  session.post(method, params, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer as Answer;
}
