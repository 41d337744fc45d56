import type { ClientAddress, RequestInfo } from "../app/exchange.ts";
import { readCookies, toHeaders } from "./headers.ts";
import type { RawRequest } from "./raw.ts";

const noBytes = new Uint8Array();

/** The request as handlers see it. */
export class ReceivedRequestInfo implements RequestInfo {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly #raw: RawRequest;
  #headers: Headers | undefined;
  #cookies: Readonly<Record<string, string | undefined>> | undefined;

  constructor(raw: RawRequest) {
    this.id = raw.id;
    this.method = raw.method;
    this.url = raw.url;
    this.#raw = raw;
  }

  get rootPath(): string {
    return this.#raw.rootPath;
  }

  get headers(): Headers {
    this.#headers ??= toHeaders(this.#raw);
    return this.#headers;
  }

  get cookies(): Readonly<Record<string, string | undefined>> {
    this.#cookies ??= readCookies(this.#raw);
    return this.#cookies;
  }

  get bytes(): Uint8Array {
    return this.#raw.body ?? noBytes;
  }

  get client(): ClientAddress {
    return this.#raw.client;
  }
}
