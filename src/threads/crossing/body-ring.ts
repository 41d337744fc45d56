import { HTTPError } from "../../errors/http-error.ts";
import { alreadyRead } from "../../operation/body-stream.ts";
import type { EndedBy, UnreadBody } from "../../operation/raw.ts";

/** A power of two, so that positions may overflow. */
const CAPACITY = 262_144;
/** Largest piece that a reader receives. */
const PIECE = 65_536;

/**
 * Words before the bytes: how much was written and read so far, modulo 2^32; how it ended; the writer's changes;
 * whether it is wanted.
 */
const [WRITTEN, READ, END, CHANGES, WANTED] = [0, 1, 2, 3, 4];
const WORDS = 8;

/** The ways a body may end. */
export const BodyEnd = {
  open: 0,
  whole: 1,
  read: 2,
  broken: 3,
  tooLarge: 4,
  client: 5,
  shutdown: 6,
} as const;
export type BodyEnd = (typeof BodyEnd)[keyof typeof BodyEnd];

/**
 * Memory that the event loop writes a body into, and a thread reads it from. No more than its
 * capacity is under way at once.
 */
class Ring {
  readonly memory: SharedArrayBuffer;
  protected readonly words: Int32Array<SharedArrayBuffer>;
  protected readonly bytes: Uint8Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.words = new Int32Array(memory, 0, WORDS);
    this.bytes = new Uint8Array(memory, WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  protected load(word: number): number {
    return Atomics.load(this.words, word);
  }

  /** Resolves when a word has changed. */
  protected async changed(word: number, from: number): Promise<void> {
    await Atomics.waitAsync(this.words, word, from).value;
  }
}

/** The event loop's side. */
export class BodyWriter extends Ring {
  #isClosed = false;

  constructor() {
    super(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT + CAPACITY));
  }

  /** Whether nobody reads any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the thread asks for the first piece, or never will. */
  async wanted(): Promise<void> {
    if (!this.#isClosed) await this.changed(WANTED, 0);
  }

  /** Resolves when all of a piece is in the ring, or nobody reads any more. */
  async write(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length && !this.#isClosed; ) {
      const written = this.load(WRITTEN);
      const read = this.load(READ);
      const start = written & (CAPACITY - 1);
      const room = Math.min(CAPACITY - ((written - read) | 0), CAPACITY - start);
      if (room === 0) await this.changed(READ, read);
      else {
        const part = piece.subarray(at, at + room);
        this.bytes.set(part, start);
        at += part.length;
        Atomics.add(this.words, WRITTEN, part.length);
        this.#tell();
      }
    }
  }

  /** No more will come. */
  end(how: BodyEnd): void {
    if (Atomics.compareExchange(this.words, END, BodyEnd.open, how) === BodyEnd.open) this.#tell();
  }

  /** The request is over. @param by - Who ended it, if it has no answer. */
  close(by: EndedBy): void {
    this.#isClosed = true;
    this.end(BodyEnd[by]);
    for (const word of [READ, WANTED]) Atomics.notify(this.words, word);
  }

  #tell(): void {
    Atomics.add(this.words, CHANGES, 1);
    Atomics.notify(this.words, CHANGES);
  }
}

/** The thread's side. Code there may block while it waits for a piece. */
export class BodyReader extends Ring implements UnreadBody {
  readonly #onGone: (by: EndedBy) => void;
  #isRead = false;

  /** @param onGone - Called before it throws because nobody waits for the answer any more. */
  constructor(memory: SharedArrayBuffer, onGone: (by: EndedBy) => void) {
    super(memory);
    this.#onGone = onGone;
  }

  readonly nextSync = (): Uint8Array | undefined => {
    for (;;) {
      const changes = this.load(CHANGES);
      const found = this.#take();
      if (found !== waiting) return found;
      Atomics.wait(this.words, CHANGES, changes);
    }
  };

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const changes = this.load(CHANGES);
      const found = this.#take();
      if (found !== waiting) return found;
      await this.changed(CHANGES, changes);
    }
  }

  /** A copy, since the ring is overwritten. */
  #take(): Uint8Array | undefined | typeof waiting {
    if (this.#isRead) throw alreadyRead();
    this.#want();
    const end = this.load(END) as BodyEnd;
    if (end === BodyEnd.client) this.#onGone("client");
    if (end === BodyEnd.shutdown) this.#onGone("shutdown");
    if (end > BodyEnd.whole) throw failureOf(end);
    const read = this.load(READ);
    const start = read & (CAPACITY - 1);
    const size = Math.min((this.load(WRITTEN) - read) | 0, CAPACITY - start, PIECE);
    if (size > 0) {
      const piece = this.bytes.slice(start, start + size);
      Atomics.add(this.words, READ, size);
      Atomics.notify(this.words, READ);
      return piece;
    }
    if (end === BodyEnd.open) return waiting;
    this.#isRead = true;
    return undefined;
  }

  #want(): void {
    if (Atomics.exchange(this.words, WANTED, 1) === 0) Atomics.notify(this.words, WANTED);
  }
}

const waiting: unique symbol = Symbol("waiting");

function failureOf(end: BodyEnd): Error {
  if (end === BodyEnd.read) return alreadyRead();
  if (end === BodyEnd.tooLarge) return new HTTPError(413);
  if (end === BodyEnd.broken) return new HTTPError(400, "There was an error parsing the body");
  return new DOMException("Nobody waits for the answer any more", "AbortError");
}
