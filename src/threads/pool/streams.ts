import type { Chunk, RawReply } from "../../operation/raw.ts";
import type { Followed, FollowUp, NamedCall, OpenReplyRef, Pulled } from "../crossing/payloads.ts";
import { packThrown, unpackThrown } from "../crossing/values.ts";
import type { CallPool, NewCall, ThreadHandle } from "./call.ts";

/** Where a reply is still open. */
export interface OpenAt extends Pick<NewCall, "work" | "waiter" | "bindable" | "timeoutMs"> {
  readonly pool: CallPool;
  readonly thread: ThreadHandle;
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
  const ask: Ask = async (followUp) => {
    const [[ok, given], added] = await askThread(at, followUp).catch((error: unknown) => {
      isLost = true;
      throw error;
    });
    at.onAdded(added);
    if (!ok) throw unpackThrown(given);
    return given as Pulled | undefined;
  };
  const finish: RawReply["finish"] = async (failure) => {
    try {
      if (isLost) return; // what was open has gone with its thread, whose end has been reported
      await ask({ open, ask: "finish", ...(failure && { failure: packThrown(failure.error) }) });
    } finally {
      at.thread.release();
    }
  };
  return streams ? { body: pullChunks(open, ask), finish } : { finish };
}

/** Chunks are produced for a client, and each has a deadline; closing happens in any case. */
function askThread(
  { pool, thread, work, waiter, bindable, timeoutMs }: OpenAt,
  followUp: FollowUp,
): Promise<Followed> {
  return new Promise((resolve, reject) => {
    pool.runOn(thread, {
      work,
      payload: waiter?.isGone ? { ...followUp, endedBy: waiter.endedBy ?? "client" } : followUp,
      timeoutMs,
      isPull: followUp.ask === "pull",
      waiter: followUp.ask === "pull" ? waiter : undefined,
      bindable,
      settle: (error, outcome) => {
        if (error === undefined) resolve(outcome as Followed);
        else reject(error);
      },
    });
  });
}

async function* pullChunks(open: number, ask: Ask): AsyncGenerator<Chunk> {
  let ended = false;
  try {
    while (!ended) {
      const pulled = await ask({ open, ask: "pull" }).catch((error: unknown) => {
        ended = true; // the source of the chunks is closed by its own error
        throw error;
      });
      ended = pulled?.done ?? true;
      yield* pulled?.chunks ?? [];
    }
  } finally {
    if (!ended) await ask({ open, ask: "stop" });
  }
}
