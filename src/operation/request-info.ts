import type { BodyStream, ClientAddress, RequestInfo } from "../app/context.ts";
import { withoutOrigin } from "../app/path.ts";
import type { OperationHandle, UrlParams, Urls } from "../app/urls.ts";
import { ArrivingStream, neverWhole, WholeStream } from "./body-stream.ts";
import { HeaderList } from "./header-list.ts";
import { headerValue, originFrom, type RawRequest, readCookies } from "./raw.ts";

const noBytes = new Uint8Array();

/** The request as handlers see it. */
export class ReceivedRequestInfo implements RequestInfo {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly #raw: RawRequest;
  readonly #urls: Urls;
  #headers: Headers | undefined;
  #cookies: Readonly<Record<string, string | undefined>> | undefined;

  constructor(raw: RawRequest, urls: Urls) {
    this.id = raw.id;
    this.method = raw.method;
    this.url = raw.url.startsWith("/") ? raw.url : targetOf(raw.url);
    this.#raw = raw;
    this.#urls = urls;
  }

  get rootPath(): string {
    return this.#raw.rootPath;
  }

  get origin(): string {
    const { via } = this.#raw;
    if (via === "" || via.includes(":")) return via;
    return originFrom(via, headerValue(this.#raw, "host") ?? "");
  }

  urlFor(operation: string | OperationHandle, params: UrlParams = {}): string {
    const { rootPath } = this.#urls;
    const mountedAt = this.rootPath.slice(rootPath.length);
    const path = this.#urls.pathOf(operation, params, mountedAt);
    return this.#urls.originOf(operation, this.origin, mountedAt) + rootPath + path;
  }

  get headers(): Headers {
    this.#headers ??= HeaderList.received(this.#raw.headers);
    return this.#headers;
  }

  get cookies(): Readonly<Record<string, string | undefined>> {
    this.#cookies ??= readCookies(this.#raw);
    return this.#cookies;
  }

  get bytes(): Uint8Array {
    if (this.#raw.unread !== undefined) throw neverWhole();
    return this.#raw.body ?? noBytes;
  }

  stream(): BodyStream {
    const { unread } = this.#raw;
    return unread === undefined ? new WholeStream(this.bytes) : new ArrivingStream(unread);
  }

  get client(): ClientAddress {
    return this.#raw.client;
  }
}

/** A URL without the origin, which need not be that of the `Host` header; the `*` of OPTIONS is a target of its own. */
function targetOf(url: string): string {
  const target = withoutOrigin(url);
  return target.startsWith("/") || target === "*" ? target : `/${target}`;
}
