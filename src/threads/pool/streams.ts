import type { RunRecord } from "../../channels/channels.ts";
import type { Chunk, RawReply } from "../../operation/raw.ts";
import { sharedNow } from "../crossing/board.ts";
import type { Followed, FollowUp, NamedCall, OpenReplyRef, Pulled } from "../crossing/payloads.ts";
import { packThrown, unpackThrown } from "../crossing/values.ts";
import type { CallPool, NewCall, ThreadHandle } from "./call.ts";
import { areChunksObserved, publishChunks } from "./chunk-events.ts";
import { unclosedError } from "./errors.ts";

/** Where a reply is still open. */
export interface OpenAt extends Pick<NewCall, "work" | "waiter" | "bindable" | "timeoutMs"> {
  readonly pool: CallPool;
  readonly thread: ThreadHandle;
  /** What it answers. */
  readonly answers: { readonly request: string; readonly operation: string };
  /** Receives the tasks that were added while the rest was produced. */
  readonly onAdded: (calls: NamedCall[] | undefined) => void;
}

type Ask = (followUp: FollowUp) => Promise<Pulled | undefined>;

/** The rest of a reply that a thread holds open: its body, pulled from there as the client takes it, and its finish. */
export function fetchRest(
  at: OpenAt,
  [open, streams]: OpenReplyRef,
): Pick<RawReply, "finish"> & { readonly body?: AsyncIterable<Chunk> } {
  at.thread.hold();
  let isLost = false;
  const endStream = streams ? openStream(at.thread) : () => {};
  const ask = async (followUp: FollowUp, record?: RunRecord): Promise<Pulled | undefined> => {
    const [[ok, given], added] = await askThread(at, followUp, record, endStream).catch((error: unknown) => {
      isLost = true;
      throw error;
    });
    at.onAdded(added);
    if (!ok) throw unpackThrown(given);
    return given as Pulled | undefined;
  };
  const askSeen: Ask = (followUp) => {
    if (followUp.ask !== "pull" || !areChunksObserved()) return ask(followUp);
    const stream = { ...at.answers, lane: "thread", waiter: at.waiter } as const;
    return publishChunks(stream, (record) => ask(followUp, record));
  };
  const finish: RawReply["finish"] = async (failure) => {
    try {
      if (isLost) return; // what was open has gone with its thread, whose end has been reported
      await ask({ open, ask: "finish", ...(failure && { failure: packThrown(failure.error) }) });
    } catch (error) {
      throw unclosedError(at.answers.operation, error);
    } finally {
      at.thread.release();
    }
  };
  if (!streams) return { finish };
  const body = pullChunks(open, askSeen);
  pulledBodies.add(body);
  return { body, finish };
}

const pulledBodies = new WeakSet<object>();

/** Whether a body's chunks are pulled from a thread. */
export function isPulled(body: object): boolean {
  return pulledBodies.has(body);
}

/** Returns the function that says that it has ended, once. */
function openStream(thread: ThreadHandle): () => void {
  let isOpen = true;
  thread.beginStream();
  return () => {
    if (isOpen) thread.endStream();
    isOpen = false;
  };
}

/**
 * Chunks are produced for a client, and each has a deadline; closing happens in any case.
 *
 * @param endStream - Called as soon as no more chunks come.
 */
function askThread(
  { pool, thread, work, waiter, bindable, timeoutMs }: OpenAt,
  followUp: FollowUp,
  record: RunRecord | undefined,
  endStream: () => void,
): Promise<Followed> {
  if (followUp.ask !== "pull") endStream();
  return new Promise((resolve, reject) => {
    pool.runOn(thread, {
      work,
      payload: waiter?.isGone ? { ...followUp, endedBy: waiter.endedBy ?? "client" } : followUp,
      timeoutMs,
      isPull: followUp.ask === "pull",
      waiter: followUp.ask === "pull" ? waiter : undefined,
      bindable,
      record,
      settle: (error, outcome) => {
        if (error !== undefined || isLast(outcome as Followed)) endStream();
        if (error === undefined) resolve(outcome as Followed);
        else reject(error);
      },
    });
  });
}

/** Whether no more chunks come: the source has ended, or has failed. */
function isLast([[ok, given]]: Followed): boolean {
  return !ok || (given as Pulled | undefined)?.done !== false;
}

async function* pullChunks(open: number, ask: Ask): AsyncGenerator<Chunk> {
  let ended = false;
  let rate = 0;
  try {
    while (!ended) {
      const pulled = await ask({ open, ask: "pull", pull: { askedAt: sharedNow(), rate } }).catch(
        (error: unknown) => {
          ended = true; // the source of the chunks is closed by its own error
          throw error;
        },
      );
      ended = pulled?.done ?? true;
      const givenAt = performance.now();
      yield* pulled?.chunks ?? [];
      rate = rateOf(pulled?.chunks ?? [], performance.now() - givenAt);
    }
  } finally {
    if (!ended) await ask({ open, ask: "stop" });
  }
}

/** Bytes a millisecond. */
function rateOf(chunks: readonly Chunk[], ms: number): number {
  let size = 0;
  for (const { length } of chunks) size += length;
  return size / Math.max(ms, 1);
}
