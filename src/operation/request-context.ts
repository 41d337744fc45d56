import type { Background } from "../app/background.ts";
import type { BaseContext } from "../app/context.ts";
import type { RequestInfo, ResponseInfo } from "../app/exchange.ts";
import type { Log } from "../app/log.ts";
import { Exchange } from "./exchange.ts";
import type { ReadInputs } from "./read.ts";

/** What a handler of any operation receives, and what it leaves behind. */
export class RequestContext extends Exchange implements BaseContext {
  params: Record<string, unknown> | undefined = undefined;
  query: unknown = undefined;
  headers: unknown = undefined;
  cookies: unknown = undefined;
  body: unknown = undefined;
  form: unknown = undefined;

  /** Takes in what was read, when it is valid. */
  accept({ params, query, headers, cookies, body, form }: ReadInputs): void {
    this.params = params;
    this.query = query;
    this.headers = headers;
    this.cookies = cookies;
    this.body = body;
    this.form = form;
  }
}

/** What a dependency receives: its own inputs, and the exchange of the request. */
export class DependencyContext implements BaseContext {
  readonly params: Record<string, unknown>;
  readonly query: unknown;
  readonly headers: unknown;
  readonly cookies: unknown;
  readonly body: unknown;
  readonly form: unknown;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, inputs: Omit<ReadInputs, "details">) {
    this.params = inputs.params;
    this.query = inputs.query;
    this.headers = inputs.headers;
    this.cookies = inputs.cookies;
    this.body = inputs.body;
    this.form = inputs.form;
    this.#exchange = exchange;
  }

  get background(): Background {
    return this.#exchange.background;
  }

  get log(): Log {
    return this.#exchange.log;
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }

  get request(): RequestInfo {
    return this.#exchange.request;
  }

  get response(): ResponseInfo {
    return this.#exchange.response;
  }
}
