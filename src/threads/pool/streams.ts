import type { Chunk, RawReply } from "../../operation/raw.ts";
import type { FollowUp, OpenReplyRef, Pulled } from "../crossing/payloads.ts";
import { packThrown, type TaskOutcome, unpackThrown } from "../crossing/values.ts";
import type { CallPool, NewCall, ThreadHandle } from "./call.ts";

/** Where a reply is still open. */
export interface OpenAt extends Pick<NewCall, "work" | "waiter" | "timeoutMs"> {
  readonly pool: CallPool;
  readonly thread: ThreadHandle;
}

type Ask = (followUp: FollowUp) => Promise<Pulled | undefined>;

/** The rest of a reply that a thread holds open: its body, pulled from there when the client takes it, and its finish. */
export function fetchRest(
  at: OpenAt,
  [open, streams]: OpenReplyRef,
): Pick<RawReply, "finish"> & { readonly body?: AsyncIterable<Chunk> } {
  at.thread.hold();
  let isLost = false;
  const ask: Ask = (followUp) =>
    askThread(at, followUp, () => {
      isLost = true;
    });
  const finish: RawReply["finish"] = async (failure) => {
    try {
      if (isLost) return; // what was open has gone with its thread, which has been told of
      await ask({ open, ask: "finish", ...(failure && { failure: packThrown(failure.error) }) });
    } finally {
      at.thread.release();
    }
  };
  return streams ? { body: pullChunks(open, ask), finish } : { finish };
}

/** Chunks are made for a client and have their deadline each; what closes is done in any case. */
function askThread(
  { pool, thread, work, waiter, timeoutMs }: OpenAt,
  followUp: FollowUp,
  onLost: () => void,
): Promise<Pulled | undefined> {
  return new Promise((resolve, reject) => {
    pool.runOn(thread, {
      work,
      payload: followUp,
      timeoutMs,
      waiter: followUp.ask === "pull" ? waiter : undefined,
      settle: (error, outcome) => {
        if (error !== undefined) {
          onLost();
          return reject(error);
        }
        const [ok, value] = outcome as TaskOutcome;
        if (ok) resolve(value as Pulled | undefined);
        else reject(unpackThrown(value));
      },
    });
  });
}

async function* pullChunks(open: number, ask: Ask): AsyncGenerator<Chunk> {
  let ended = false;
  try {
    while (!ended) {
      const pulled = await ask({ open, ask: "pull" }).catch((error: unknown) => {
        ended = true; // what made the chunks is closed by its own error
        throw error;
      });
      ended = pulled?.done ?? true;
      yield* pulled?.chunks ?? [];
    }
  } finally {
    if (!ended) await ask({ open, ask: "stop" });
  }
}
