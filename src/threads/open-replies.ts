import { setImmediate as nextTurn } from "node:timers/promises";
import { type Chunk, isWhole, type RawReply } from "../operation/raw.ts";
import type { LeftOpen } from "./packed-reply.ts";
import { type Thrown, unpackThrown } from "./thrown.ts";

/** What the pool asks about a reply that a thread holds open. */
export interface FollowUp {
  readonly open: number;
  /** `pull`: its next chunks. `stop`: nobody takes them any more. `finish`: its tasks have ended, close what is left. */
  readonly ask: "pull" | "stop" | "finish";
  /** What went wrong in its tasks. */
  readonly failure?: Thrown;
}

/** The next chunks of a body; `done` with the last ones. */
export interface Pulled {
  readonly chunks: Chunk[];
  readonly done: boolean;
}

interface OpenReply {
  readonly chunks: AsyncIterator<Chunk> | undefined;
  /** A chunk that was asked for and has not come yet. */
  next: Promise<IteratorResult<Chunk>> | undefined;
  readonly finish: RawReply["finish"];
}

/** Chunks are gathered for so long, or until they are so large; what is there is never kept from the client longer. */
const GATHER_MS = 2;
const GATHER_SIZE = 65_536;

/** The replies a thread has given whose body is still being made, or whose dependencies are still open. */
export class OpenReplies {
  readonly #replies = new Map<number, OpenReply>();
  #last = 0;

  /** Keeps what is left of a reply. Undefined when nothing is. */
  hold({ body, finish }: RawReply): LeftOpen | undefined {
    const chunks = isWhole(body) || "file" in body ? undefined : body[Symbol.asyncIterator]();
    if (chunks === undefined && finish === undefined) return undefined;
    this.#replies.set(++this.#last, { chunks, next: undefined, finish });
    return [this.#last, chunks !== undefined];
  }

  /** Does what is asked. Throws what the user's code throws. */
  async follow({ open, ask, failure }: FollowUp): Promise<Pulled | undefined> {
    const reply = this.#replies.get(open);
    if (reply === undefined) return undefined;
    if (ask === "pull") return pull(reply);
    if (ask === "finish") this.#replies.delete(open);
    await reply.chunks?.return?.();
    if (ask === "finish") await reply.finish?.(failure && { error: unpackThrown(failure) });
    return undefined;
  }
}

async function pull(reply: OpenReply): Promise<Pulled> {
  const { chunks: iterator } = reply as { chunks: AsyncIterator<Chunk> };
  const chunks: Chunk[] = [];
  const until = performance.now() + GATHER_MS;
  for (let size = 0; chunks.length === 0 || (size < GATHER_SIZE && performance.now() < until); ) {
    reply.next ??= iterator.next();
    const result =
      chunks.length === 0 ? await reply.next : await Promise.race([reply.next, nextTurn(undefined)]);
    if (result === undefined) break;
    reply.next = undefined;
    if (result.done === true) return { chunks, done: true };
    chunks.push(result.value);
    size += result.value.length;
  }
  return { chunks, done: false };
}
