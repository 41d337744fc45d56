import type { Logger } from "pino";
import { checkBindings, type Log, type LogFunction, lineOf, type logLevels } from "../app/log.ts";

/**
 * The log of a request or a task on the loop. Its fields are those of each line, so that secrets among them are left out,
 * and each name is written once: pino would write those of a child beside others of the same name.
 */
export class BoundLog implements Log {
  readonly #log: Logger;
  readonly #onBound: ((bindings: object) => void) | undefined;
  #fields: object;
  #bindings: object | undefined;

  /**
   * @param fields - What each line says about the request or task, unless something else of that name is added.
   * @param onBound - Called with all that was added, whenever more is.
   */
  constructor(log: Logger, fields: object, onBound?: (bindings: object) => void) {
    this.#log = log;
    this.#fields = fields;
    this.#onBound = onBound;
  }

  /** What was added to its lines; undefined where that is nothing. */
  get bindings(): object | undefined {
    return this.#bindings;
  }

  setBindings(fields: object): void {
    checkBindings(fields);
    this.#fields = { ...this.#fields, ...fields };
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
      const [fields, ...said] = lineOf(first, ...rest);
      this.#log[level]({ ...this.#fields, ...fields }, ...said);
    };
  }
}
