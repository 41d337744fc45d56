import type { BodyStream } from "../app/context.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { UnreadBody } from "./raw.ts";

/** An arriving body, as handlers see it. */
export class ArrivingStream implements BodyStream {
  readonly #body: UnreadBody;

  constructor(body: UnreadBody) {
    this.#body = body;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const body = this.#body;
    for (let piece = await body.next(); piece !== undefined; piece = await body.next()) yield piece;
  }

  *[Symbol.iterator](): Generator<Uint8Array, void, undefined> {
    const { nextSync } = this.#body;
    if (nextSync === undefined)
      throw misused(
        "a plain loop would block the event loop until the client has sent it",
        "use `for await`",
      );
    for (let piece = nextSync(); piece !== undefined; piece = nextSync()) yield piece;
  }
}

/** A body that is already complete, as one piece. */
export class WholeStream implements BodyStream {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<Uint8Array, void, undefined> {
    if (this.#bytes.byteLength > 0) yield this.#bytes;
  }
}

/** The error for reading a body a second time. */
export function alreadyRead(): OffloopError {
  return misused("it has been read to its end", "read it once, and keep what you need of it");
}

/** The error for asking for a body that is never available as a whole. */
export function neverWhole(): OffloopError {
  return misused(
    "`request.bytes` would hold all of it",
    'use `request.stream()`, or leave out `body: "stream"`',
  );
}

function misused(why: string, fix: string): OffloopError {
  return new OffloopError("OFFLOOP_BODY_STREAM", `Cannot read a streamed body: ${why}`, {
    at: callerLocation(),
    fix,
  });
}
