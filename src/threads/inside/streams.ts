import { setImmediate as nextTurn } from "node:timers/promises";
import type { BackgroundCall } from "../../app/background.ts";
import { type Chunk, isReady, type RawReply } from "../../operation/raw.ts";
import {
  type CallServices,
  type Followed,
  type FollowUp,
  nameCalls,
  type OpenReplyRef,
  ownBytes,
  type Pulled,
  type RequestServices,
} from "../crossing/payloads.ts";
import { packThrown, type TaskOutcome, unpackThrown } from "../crossing/values.ts";

interface OpenReply {
  readonly chunks: AsyncIterator<Chunk> | undefined;
  /** A chunk that was asked for and has not come yet. */
  next: Promise<IteratorResult<Chunk>> | undefined;
  /** How many chunks in a row came at once. */
  quick: number;
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
/** A chunk that came within this many milliseconds counts as having come at once. */
const QUICK_MS = 1;
/**
 * This many must have come at once before the next is waited for: it may take long, and a plain generator blocks
 * meanwhile.
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
    const open = { chunks, next: undefined, quick: 0, finish, added, endTasks, services };
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
      return outcomeOf(() => this.#do(reply, followUp));
    });
    reply.done = done;
    return withAdded(await done, reply.added());
  }

  async #do(reply: OpenReply, { open, ask, failure, endedBy }: FollowUp): Promise<Pulled | undefined> {
    if (endedBy !== undefined) reply.services.cancel(endedBy);
    if (ask === "pull") return pull(reply);
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

async function pull(reply: OpenReply): Promise<Pulled> {
  const { chunks: iterator } = reply as { chunks: AsyncIterator<Chunk> };
  const chunks: Chunk[] = [];
  const until = performance.now() + GATHER_MS;
  const mayGather = (size: number): boolean =>
    reply.quick >= QUICK_CHUNKS && size < GATHER_SIZE && performance.now() < until;
  for (let size = 0; chunks.length === 0 || mayGather(size); ) {
    const askedAt = performance.now();
    reply.next ??= iterator.next();
    const result =
      chunks.length === 0 ? await reply.next : await Promise.race([reply.next, nextTurn(undefined)]);
    if (result === undefined) break;
    reply.next = undefined;
    reply.quick = performance.now() - askedAt < QUICK_MS ? reply.quick + 1 : 0;
    if (result.done === true) return { chunks, done: true };
    chunks.push(ownChunk(result.value));
    size += result.value.length;
  }
  return { chunks, done: false };
}
