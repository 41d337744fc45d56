import type { CodePosition } from "./code-position.ts";
import { scriptPath } from "./source-map.ts";
import { FRAME } from "./stack-frames.ts";

/**
 * A position in running code, as this process shows it in stacks. Tools that compile modules in memory, like
 * vitest, keep the source maps to themselves, and map stacks in `Error.prepareStackTrace`: so it receives a
 * stack of one frame to map.
 */
export function shownPosition<P extends CodePosition>(position: P): P {
  const { prepareStackTrace } = Error;
  // Node's own shows the running code unmapped.
  if (typeof prepareStackTrace !== "function" || prepareStackTrace.name === "ErrorPrepareStackTrace")
    return position;
  try {
    const stack = String(prepareStackTrace(new Error("position"), [new OneFrame(position)]));
    const { file, line, column } = FRAME.exec(stack.split("\n").at(-1)?.trim() ?? "")?.groups ?? {};
    if (file === undefined) return position;
    return { ...position, file: scriptPath(file), line: Number(line), column: Number(column) };
  } catch {
    return position; // it needs more of a frame
  }
}

class OneFrame implements NodeJS.CallSite {
  readonly #position: CodePosition;

  constructor(position: CodePosition) {
    this.#position = position;
  }

  toString(): string {
    const { file, line, column } = this.#position;
    return `${file}:${line}:${column}`;
  }

  getFileName(): string {
    return this.#position.file;
  }

  getScriptNameOrSourceURL(): string {
    return this.#position.file;
  }

  getLineNumber(): number {
    return this.#position.line;
  }

  getColumnNumber(): number {
    return this.#position.column;
  }

  getEnclosingLineNumber(): number {
    return this.#position.line;
  }

  getEnclosingColumnNumber(): number {
    return this.#position.column;
  }

  getPosition(): number {
    return 0;
  }

  getScriptHash(): string {
    return "";
  }

  getThis(): unknown {
    return undefined;
  }

  getTypeName(): null {
    return null;
  }

  getFunction(): undefined {
    return undefined;
  }

  getFunctionName(): null {
    return null;
  }

  getMethodName(): null {
    return null;
  }

  getEvalOrigin(): undefined {
    return undefined;
  }

  getPromiseIndex(): null {
    return null;
  }

  isToplevel(): boolean {
    return true;
  }

  isEval(): boolean {
    return false;
  }

  isNative(): boolean {
    return false;
  }

  isConstructor(): boolean {
    return false;
  }

  isAsync(): boolean {
    return false;
  }

  isPromiseAll(): boolean {
    return false;
  }
}
