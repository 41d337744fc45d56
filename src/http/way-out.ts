import type { Readable } from "node:stream";
import { isBodyless } from "../app/reply.ts";
import type { BackgroundCall } from "../app/tasks/background.ts";
import type { Finish } from "../lanes/background.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { observeChunks } from "../lanes/loop-chunks.ts";
import { errorReply, internalErrorReply } from "../operation/error-reply.ts";
import { type Chunk, discardBody, isReady, isWhole, type RawReply } from "../operation/raw.ts";
import { ReceivedForm } from "./bodies/received-form.ts";
import { asAnnounced } from "./connections/content-length.ts";
import { continueNow } from "./connections/continue.ts";
import { writeFileReply, writeReply, writeStreamReply, writeUnseen } from "./reply.ts";
import type { HttpRequest } from "./request.ts";
import { streamOf, whenOver } from "./response-end.ts";
import { OpenStreams } from "./streams.ts";

type Failure = Parameters<Finish>[0];

/** The one way out: every reply leaves here, whatever made it and whatever its body is. */
export class WayOut {
  readonly #lanes: Lanes;
  readonly #streams = new OpenStreams();
  /** How often replies have tasks that have not begun, or have left something open that is not closed yet. */
  #unfinished = 0;
  #finished: PromiseWithResolvers<void> | undefined;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /**
   * Sends a reply, or an internal error where the reply cannot be sent; then runs its background tasks, and closes what
   * it left open. Never throws.
   */
  send(asked: HttpRequest, raw: RawReply): void {
    this.follow(asked, raw);
    if (raw.error === undefined) this.#write(asked, raw);
    else void this.#answerFailure(asked, raw).then((answer) => this.#write(asked, answer));
  }

  /** Runs the tasks of a sent reply, and closes what it left open. */
  follow(asked: HttpRequest, raw: RawReply): void {
    if (raw.background !== undefined || raw.finish !== undefined || asked.parts !== undefined)
      this.#followUp(asked, raw);
  }

  /** Ends event streams, which would never end, by aborting their signals. */
  endStreams(): void {
    this.#streams.endEvents();
  }

  /** Resolves when the tasks of all replies have begun, and everything that these left open is closed. */
  async closed(): Promise<void> {
    await this.#streams.allClosed();
    if (this.#unfinished === 0) return;
    this.#finished ??= Promise.withResolvers();
    await this.#finished.promise;
  }

  #write(asked: HttpRequest, given: RawReply): void {
    const raw = this.#lanes.closing ? closingConnection(given) : given;
    try {
      const { reply } = asked;
      const { body } = raw;
      const writeWhole = asked.route.isSeen ? writeReply : writeUnseen;
      if (body !== undefined && isBodyless(raw.status)) writeWhole(reply, withoutBody(raw));
      else if (isWhole(body)) writeWhole(reply, raw);
      else if ("file" in body)
        writeFileReply(reply, raw, body, {
          refuse: (error) => this.#answerError(asked, error),
          onBroken: (thrown) => this.#noteFailure(asked, thrown),
        }).catch((thrown) => this.#writeInstead(asked, raw, thrown));
      // RFC 9110, 9.3.2: a body that would only be thrown away is not produced.
      else if (asked.method === "HEAD") writeWhole(reply, { ...withoutBody(raw), mediaType: raw.mediaType });
      else writeStreamReply(reply, raw, () => this.#open(asked, raw, body));
    } catch (thrown) {
      void this.#writeInstead(asked, raw, thrown);
    }
  }

  #open(asked: HttpRequest, raw: RawReply, body: AsyncIterable<Chunk>): Readable {
    const { operation } = asked.route;
    if (asked.unread !== undefined) continueNow(asked.message);
    const made = operation === undefined ? body : observeChunks(operation.id, asked, body);
    const checked = asAnnounced(raw, made, operation);
    const chunks = operation === undefined ? checked : this.#lanes.arounds.chunks(operation, asked, checked);
    const stream = this.#streams.open(asked, chunks, raw.mediaType, (thrown) =>
      this.#noteFailure(asked, thrown),
    );
    // Where a plugin fails on the way or has answered already, nobody takes anything from the stream.
    whenOver(asked.reply.raw, () => {
      if (stream.readableFlowing !== null) return;
      stream.destroy();
      discardBody({ body });
    });
    return stream;
  }

  /**
   * A reply that could not be sent has left no byte, unless it broke off in the middle: then the
   * client must see it break.
   */
  async #writeInstead(asked: HttpRequest, raw: RawReply, thrown: unknown): Promise<void> {
    discardBody(raw);
    const answer = await this.#answerFailure(asked, await this.#answerError(asked, thrown));
    if (tryWrite(asked, raw, answer) || tryWrite(asked, raw, internalErrorReply(thrown))) return;
    asked.reply.raw.destroy();
  }

  /** The answer to an error that was found while the reply was sent, from the app's error handlers if they have one. */
  async #answerError(asked: HttpRequest, thrown: unknown): Promise<RawReply> {
    const { operation } = asked.route;
    if (operation === undefined) return errorReply(thrown);
    const answer = await this.#lanes.answerError(thrown as Error, asked, operation);
    const { background, body } = answer;
    if (background !== undefined) this.#startAfter(asked, background, async () => {});
    if (body === undefined || isWhole(body)) return answer;
    discardBody(answer); // a file or a stream might fail again
    return errorReply(thrown);
  }

  /**
   * Does what is left to do after a reply. Its tasks run whether the client got the reply or hung up, and only now,
   * since the response goes first.
   */
  #followUp(asked: HttpRequest, raw: RawReply): void {
    const { background = [], finish } = raw;
    const end: Finish = async (failure) => {
      const ended = this.#endStream(asked, raw, failure);
      // Waiting for tasks must not mean waiting for a stream that does not close.
      if (finish === undefined && !isReady(raw.body)) return;
      const left = await ended;
      if (finish === undefined) return;
      await finish(left).catch((thrown: unknown) => this.#noteFailure(asked, thrown));
      this.#endOne();
    };
    if (finish !== undefined) this.#unfinished++;
    this.#startAfter(asked, background, end);
  }

  /** Starts tasks once the response is over. */
  #startAfter(asked: HttpRequest, tasks: BackgroundCall[], end: Finish): void {
    this.#unfinished++;
    whenOver(asked.reply.raw, () => {
      this.#startTasks(asked, tasks, end);
      this.#endOne();
    });
  }

  #endOne(): void {
    if (--this.#unfinished > 0) return;
    this.#finished?.resolve();
    this.#finished = undefined;
  }

  #startTasks(asked: HttpRequest, tasks: BackgroundCall[], end: Finish): void {
    this.#lanes.background.start(asked, asked.route.id, tasks, end);
  }

  /** A stream may add tasks until its end, and use open dependencies until then. */
  async #endStream(
    asked: HttpRequest,
    { background = [], endTasks }: RawReply,
    failure: Failure,
  ): Promise<Failure> {
    await this.#streams.closed(asked);
    const late =
      background.length === 0
        ? undefined
        : await new Promise<Failure>((resolve) =>
            this.#startTasks(asked, background, async (failed) => resolve(failed)),
          );
    endTasks?.();
    const { body } = asked.reply.request;
    if (body instanceof ReceivedForm) await body.close();
    return failure ?? streamOf(asked.reply.raw)?.failure ?? late;
  }

  /** Reports a failure that comes too late to be answered. */
  #noteFailure(asked: HttpRequest, thrown: unknown): void {
    void this.#answerFailure(asked, internalErrorReply(thrown));
  }

  async #answerFailure(asked: HttpRequest, raw: RawReply): Promise<RawReply> {
    if (isGivenUp(asked, raw)) return raw;
    return this.#lanes.arounds.failure(asked.route.operation, asked, raw).catch(() => raw);
  }
}

/** Writes another answer in the place of one that could not be sent. Returns whether it could be. */
function tryWrite({ reply }: HttpRequest, unsent: RawReply, answer: RawReply): boolean {
  reply.raw.statusMessage = ""; // Node has kept that of the reply
  // What plugins have set stays, such as who may read the answer, unless that is what cannot be sent.
  for (const names of [ownHeaders(unsent), Object.keys(reply.getHeaders())]) {
    try {
      for (const name of names) reply.removeHeader(name);
      writeReply(reply, answer);
      return true;
    } catch {}
  }
  return false;
}

/** Code that passes `signal` on learns through an AbortError that the client has gone. The access log already says so. */
function isGivenUp(asked: HttpRequest, { error }: RawReply): boolean {
  return error?.type === "AbortError" && (asked.isGone || asked.message.socket.destroyed);
}

function closingConnection(raw: RawReply): RawReply {
  return { ...raw, headers: [...(raw.headers ?? []), ["connection", "close"]] };
}

/** The headers that a reply has set. What it adds to `Vary` stays: others may have said so, too. */
function ownHeaders({ headers = [] }: RawReply): string[] {
  const names = headers.map(([name]) => name.toLowerCase());
  return ["content-type", ...names.filter((name) => name !== "vary")];
}

/** RFC 9110: these statuses have no body. The source of one is closed without being read. */
function withoutBody(raw: RawReply): RawReply {
  discardBody(raw);
  return { ...raw, mediaType: undefined, body: undefined };
}
