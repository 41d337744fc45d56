import { Background } from "../app/background.ts";
import type { Context, RequestInfo, ResponseInfo } from "../app/context.ts";
import type { Log } from "../app/log.ts";
import type { CompiledOperation } from "./compile.ts";
import { toHeaders } from "./headers.ts";
import type { HeaderPairs, RawRequest } from "./raw.ts";
import type { ReadInputs } from "./read.ts";

/** What a handler of any operation receives, and what it leaves behind. What few handlers use is made when asked for. */
export class RequestContext implements Context<string> {
  readonly params: Record<string, string>;
  readonly query: Record<never, never>;
  readonly headers: Record<never, never>;
  readonly cookies: Record<never, never>;
  readonly body: undefined;
  readonly #request: RawRequest;
  readonly #operation: string;
  readonly #inThread: boolean;
  #background: Background | undefined;
  #response: Response | undefined;
  #info: RequestInfo | undefined;

  constructor(
    { declaration }: CompiledOperation,
    request: RawRequest,
    inputs: ReadInputs,
    inThread: boolean,
  ) {
    this.params = inputs.params as Record<string, string>;
    this.query = inputs.query;
    this.headers = inputs.headers;
    this.cookies = inputs.cookies;
    this.body = inputs.body as undefined;
    this.#request = request;
    this.#operation = declaration.id;
    this.#inThread = inThread;
  }

  get background(): Background {
    this.#background ??= new Background(this.#operation, this.#inThread);
    return this.#background;
  }

  get log(): Log {
    return this.#request.log;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get response(): ResponseInfo {
    this.#response ??= new Response();
    return this.#response;
  }

  get request(): RequestInfo {
    this.#info ??= new Request(this.#request);
    return this.#info;
  }

  /** The tasks the handler added, if it added any. */
  get addedTasks(): Background["calls"] | undefined {
    return this.#background?.calls;
  }

  /** The status the handler set, if it set one. */
  get chosenStatus(): number | undefined {
    return this.#response?.chosen;
  }

  /** The headers the handler set, if it set any. */
  get chosenHeaders(): HeaderPairs | undefined {
    return this.#response?.pairs();
  }
}

class Response implements ResponseInfo {
  chosen: number | undefined;
  #headers: Headers | undefined;

  get status(): number {
    return this.chosen ?? 200;
  }

  set status(status: number) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`response.status: expected an integer of 200-599, got ${String(status)}`);
    }
    this.chosen = status;
  }

  get headers(): Headers {
    this.#headers ??= new Headers();
    return this.#headers;
  }

  pairs(): HeaderPairs | undefined {
    return this.#headers === undefined ? undefined : [...this.#headers];
  }
}

class Request implements RequestInfo {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly #raw: RawRequest;
  #headers: Headers | undefined;

  constructor(raw: RawRequest) {
    this.id = raw.id;
    this.method = raw.method;
    this.url = raw.url;
    this.#raw = raw;
  }

  get headers(): Headers {
    this.#headers ??= toHeaders(this.#raw);
    return this.#headers;
  }
}
