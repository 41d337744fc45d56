import { setImmediate as nextTurn } from "node:timers/promises";
import type { BackgroundCall } from "../../app/tasks/background.ts";
import { type Chunk, isReady, type RawReply } from "../../operation/raw.ts";
import { sharedNow } from "../crossing/board.ts";
import {
  type CallServices,
  type Followed,
  type FollowUp,
  nameCalls,
  type OpenReplyRef,
  ownBytes,
  type Pull,
  type Pulled,
  type RequestServices,
} from "../crossing/payloads.ts";
import { packThrown, type TaskOutcome, unpackThrown } from "../crossing/values.ts";

interface OpenReply {
  readonly chunks: AsyncIterator<Chunk> | undefined;
  /** A chunk that was asked for and has not come yet. */
  next: Promise<IteratorResult<Chunk>> | undefined;
  /** How long the last chunks took. */
  readonly lately: LastTimes;
  readonly finish: RawReply["finish"];
  /** Returns tasks that were added since the reply crossed. */
  readonly added: () => BackgroundCall[];
  readonly endTasks: RawReply["endTasks"];
  /** Resolves when all that was asked has been done. */
  done: Promise<unknown>;
  /** The services of its request. */
  readonly services: RequestServices;
}

/** Chunks are gathered for this long, or until they reach this size. */
const GATHER_MS = 2;
const GATHER_SIZE = 65_536;
/** The same at most, where the stream has waited for its thread. */
const MOST_MS = 250;
const MOST_SIZE = 1_048_576;
/**
 * This many must have come quickly, each in half of that time, before the next is waited for: it may take long, and a
 * plain generator blocks meanwhile.
 */
const QUICK_CHUNKS = 8;

/** A thread's replies whose body is still being produced, or whose dependencies are still open. */
export class OpenReplies {
  readonly #replies = new Map<number, OpenReply>();
  #last = 0;

  /** Keeps the rest of a reply. Returns undefined when there is none. */
  hold(raw: RawReply, services: RequestServices): OpenReplyRef | undefined {
    const { body, finish, background = [], endTasks } = raw;
    const chunks = isReady(body) ? undefined : body[Symbol.asyncIterator]();
    if (chunks === undefined && finish === undefined) return undefined;
    const added = (): BackgroundCall[] => background.splice(0);
    const open = { chunks, next: undefined, lately: new LastTimes(), finish, added, endTasks, services };
    this.#replies.set(++this.#last, { ...open, done: Promise.resolve() });
    return [this.#last, chunks !== undefined];
  }

  /**
   * Does what is asked, in the order it is asked for; the result includes tasks added meanwhile, even if it fails.
   */
  async follow(followUp: FollowUp, call: CallServices): Promise<Followed> {
    const reply = this.#replies.get(followUp.open);
    if (reply === undefined) return [[true, undefined], undefined];
    const done = reply.done.then(() => {
      call.resume(reply.services);
      return outcomeOf(() => this.#do(reply, followUp, call));
    });
    reply.done = done;
    return withAdded(await done, reply.added());
  }

  async #do(reply: OpenReply, followUp: FollowUp, call: CallServices): Promise<Pulled | undefined> {
    const { open, ask, pull: asked, failure, endedBy } = followUp;
    if (endedBy !== undefined) reply.services.cancel(endedBy);
    if (asked !== undefined) return pull(reply, portionOf(asked), () => call.renew());
    await reply.chunks?.return?.();
    if (ask === "stop") return undefined;
    this.#replies.delete(open);
    reply.endTasks?.();
    await reply.finish?.(failure && { error: unpackThrown(failure) });
    return undefined;
  }
}

function withAdded(done: TaskOutcome, added: BackgroundCall[]): Followed {
  try {
    return [done, nameCalls(added)];
  } catch (thrown) {
    return [[false, packThrown(thrown)], undefined];
  }
}

async function outcomeOf(run: () => Promise<Pulled | undefined>): Promise<TaskOutcome> {
  try {
    return [true, await run()];
  } catch (thrown) {
    return [false, packThrown(thrown)];
  }
}

/** Bytes without the rest of their buffer, which would be copied with each message: a file's, sent in pieces. */
function ownChunk(chunk: Chunk): Chunk {
  return typeof chunk === "string" ? chunk : ownBytes(chunk, [], Number.POSITIVE_INFINITY);
}

/** The times, in milliseconds, that the last chunks of a stream took. */
class LastTimes {
  readonly #times = new Array<number>(QUICK_CHUNKS).fill(Number.POSITIVE_INFINITY);
  #next = 0;
  /** Infinity until there are enough. */
  slowest = Number.POSITIVE_INFINITY;

  add(ms: number): void {
    const forgotten = this.#times[this.#next];
    this.#times[this.#next] = ms;
    this.#next = (this.#next + 1) % QUICK_CHUNKS;
    if (ms >= this.slowest) this.slowest = ms;
    else if (forgotten === this.slowest) this.slowest = Math.max(...this.#times);
  }
}

/** How much is gathered at once. */
interface Portion {
  readonly ms: number;
  readonly size: number;
}

/**
 * A stream that had to wait for its thread has it for as long, and makes as much as its client takes in that time: it has
 * its half of a busy thread, and none of it is kept for a client that does not take it.
 */
function portionOf({ askedAt, rate }: Pull): Portion {
  const waitedMs = sharedNow() - askedAt;
  return {
    ms: Math.max(GATHER_MS, Math.min(MOST_MS, waitedMs)),
    size: Math.max(GATHER_SIZE, Math.min(MOST_SIZE, rate * waitedMs)),
  };
}

/** @param renew - Called between chunks that come after a longer time: a deadline is that of one chunk. */
async function pull(reply: OpenReply, portion: Portion, renew: () => void): Promise<Pulled> {
  const { chunks: iterator, lately } = reply as OpenReply & { readonly chunks: AsyncIterator<Chunk> };
  const chunks: Chunk[] = [];
  const until = performance.now() + portion.ms;
  const mayGather = (size: number): boolean =>
    size < portion.size && lately.slowest < portion.ms / 2 && performance.now() < until;
  for (let size = 0; chunks.length === 0 || mayGather(size); ) {
    if (chunks.length > 0 && portion.ms > GATHER_MS) renew();
    const askedAt = performance.now();
    reply.next ??= iterator.next();
    const result =
      chunks.length === 0 ? await reply.next : await Promise.race([reply.next, nextTurn(undefined)]);
    if (result === undefined) break;
    reply.next = undefined;
    lately.add(performance.now() - askedAt);
    if (result.done === true) return { chunks, done: true };
    chunks.push(ownChunk(result.value));
    size += result.value.length;
  }
  return { chunks, done: false };
}
