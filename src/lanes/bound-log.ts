import type { Logger } from "pino";
import { checkBindings, type Log, type LogFunction, type logLevels } from "../app/log.ts";
import { isError } from "../errors/described-error.ts";

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
      const bound = this.#bindings;
      if (bound === undefined) this.#log[level](first as object, ...rest);
      else if (typeof first === "string") this.#log[level](bound, first, ...rest);
      // As pino does when an error is passed in place of the fields.
      else if (isError(first)) this.#log[level]({ ...bound, err: first }, rest[0] ?? first.message);
      else this.#log[level]({ ...bound, ...first }, ...rest);
    };
  }
}
