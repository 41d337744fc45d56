import { Readable } from "node:stream";
import type { FastifyRequest, preParsingHookHandler } from "fastify";
import { HTTPError } from "../../errors/http-error.ts";
import { alreadyRead } from "../../operation/body-stream.ts";
import type { ArrivingBody, EndedBy } from "../../operation/raw.ts";
import type { HttpRequest } from "../request.ts";
import { whenOver } from "../response-end.ts";

const payloads = new WeakMap<FastifyRequest, Readable>();

/**
 * Keeps Fastify from reading a request's body by giving it an empty one to parse. The handler reads what plugins made
 * of the body, such as a decompressed one. A length beyond the limit is still refused.
 */
export const leaveUnread: preParsingHookHandler = (request, _reply, payload, done) => {
  payloads.set(request, payload);
  const receivedEncodedLength = Number(request.headers["content-length"] ?? 0);
  done(null, Object.assign(Readable.from([]), { receivedEncodedLength }));
};

/** A request body that is read from its connection one piece at a time, on demand. */
export class IncomingBody implements ArrivingBody {
  readonly #asked: HttpRequest;
  readonly #payload: Readable;
  readonly #maxBytes: number;
  readonly #listeners: (() => void)[] = [];
  #chunks: AsyncIterator<Buffer> | undefined;
  #size = 0;
  #isRead = false;
  #isClosed = false;
  #end: { readonly reason: unknown } | undefined;
  /** Rejects the pending read. */
  #giveUp: ((reason: unknown) => void) | undefined;

  constructor(asked: HttpRequest, maxBytes: number) {
    const { request, raw } = asked.reply;
    this.#asked = asked;
    this.#payload = payloads.get(request) ?? request.raw;
    this.#maxBytes = maxBytes;
    this.#payload.on("error", () => {}); // the reader is told; while the rest is discarded, an error concerns nobody
    whenOver(raw, () => this.#close());
  }

  get endedBy(): EndedBy {
    return this.#asked.endedBy;
  }

  onClose(listener: () => void): void {
    if (this.#isClosed) listener();
    else this.#listeners.push(listener);
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.#isRead) throw alreadyRead();
    if (this.#end !== undefined) throw this.#end.reason;
    const { done, value } = await this.#pull();
    if (done === true) {
      this.#isRead = true;
      return undefined;
    }
    this.#size += value.length;
    if (this.#size <= this.#maxBytes) return value;
    const tooLarge = new HTTPError(413);
    this.#stop(tooLarge);
    throw tooLarge;
  }

  #pull(): Promise<IteratorResult<Buffer>> {
    this.#chunks ??= this.#open();
    const next = this.#chunks.next();
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      next.then(resolve, () => reject(this.#failure()));
    });
  }

  /** The payload stays open when its reader stops, so that an answer can be sent. */
  #open(): AsyncIterator<Buffer> {
    const { signal } = this.#asked;
    const stop = (): void => this.#stop(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    return this.#payload.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  }

  /** Either the connection was lost, or what was sent cannot be decoded. */
  #failure(): unknown {
    if (this.#end !== undefined) return this.#end.reason;
    const { message } = this.#asked;
    const isLost = message.errored !== null || message.socket.destroyed;
    return isLost ? this.#asked.endReason : new HTTPError(400, "There was an error parsing the body");
  }

  #stop(reason: unknown): void {
    this.#end ??= { reason };
    this.#giveUp?.(reason);
  }

  /** Discards the unread rest, as Node does, so that the connection can carry another request. */
  #close(): void {
    this.#isClosed = true;
    const { isGone, endReason } = this.#asked;
    this.#stop(isGone ? endReason : new DOMException("The response has been sent", "AbortError"));
    for (const listener of this.#listeners) listener();
    if (this.#isRead) return;
    void this.#discard();
  }

  async #discard(): Promise<void> {
    // This queues behind a pending read, whose failure has already been reported.
    await this.#chunks?.return?.().catch(() => {});
    const { message } = this.#asked;
    if (this.#payload.destroyed) message.resume();
    else this.#payload.resume();
  }
}
