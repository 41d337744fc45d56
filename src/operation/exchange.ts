import { Background } from "../app/background.ts";
import type { RequestInfo, ResponseInfo } from "../app/exchange.ts";
import type { Log } from "../app/log.ts";
import { PlannedResponse } from "./planned-response.ts";
import type { HeaderPairs, RawRequest } from "./raw.ts";
import { ReceivedRequestInfo } from "./request-info.ts";

/** One request and the response to be, shared by the handler and all it needs. What few of them use is made when asked for. */
export class Exchange {
  readonly #request: RawRequest;
  readonly #operation: string;
  readonly #inThread: boolean;
  #background: Background | undefined;
  #response: PlannedResponse | undefined;
  #info: RequestInfo | undefined;

  constructor(operation: string, request: RawRequest, inThread: boolean) {
    this.#request = request;
    this.#operation = operation;
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
    this.#response ??= new PlannedResponse();
    return this.#response;
  }

  get request(): RequestInfo {
    this.#info ??= new ReceivedRequestInfo(this.#request);
    return this.#info;
  }

  /** The tasks that were added, if any were. */
  get addedTasks(): Background["calls"] | undefined {
    return this.#background?.calls;
  }

  /** The status that was set, if one was. */
  get chosenStatus(): number | undefined {
    return this.#response?.chosen;
  }

  /** The headers that were set, if any were. */
  get chosenHeaders(): HeaderPairs | undefined {
    return this.#response?.pairs();
  }
}
