import type { Logger } from "pino";
import { checkBindings, type Log, type LogFunction, lineOf, type logLevels } from "../app/log.ts";

/** The log of a request or a task on the loop. Its fields are those of each line, so that secrets among them are left out. */
export class BoundLog implements Log {
  readonly #log: Logger;
  readonly #onBound: ((bindings: object) => void) | undefined;
  #bindings: object | undefined;

  /** @param onBound - Called with all that was added, whenever more is. */
  constructor(log: Logger, onBound?: (bindings: object) => void) {
    this.#log = log;
    this.#onBound = onBound;
  }

  /** What was added to its lines; undefined where that is nothing. */
  get bindings(): object | undefined {
    return this.#bindings;
  }

  setBindings(fields: object): void {
    checkBindings(fields);
    this.#bindings = { ...this.#bindings, ...fields };
    this.#onBound?.(this.#bindings);
  }

  readonly trace: LogFunction = this.#writer("trace");
  readonly debug: LogFunction = this.#writer("debug");
  readonly info: LogFunction = this.#writer("info");
  readonly warn: LogFunction = this.#writer("warn");
  readonly error: LogFunction = this.#writer("error");
  readonly fatal: LogFunction = this.#writer("fatal");

  #writer(level: (typeof logLevels)[number]): LogFunction {
    return (first: object | string, ...rest: [message?: string]): void => {
      if (this.#bindings === undefined) return void this.#log[level](first as object, ...rest);
      const [fields, ...said] = lineOf(first, ...rest);
      this.#log[level]({ ...this.#bindings, ...fields }, ...said);
    };
  }
}
