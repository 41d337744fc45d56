import type { Chunk, RawReply } from "../../operation/raw.ts";
import type { LeftOpen } from "../crossing/reply-message.ts";
import { packThrown, type TaskOutcome, unpackThrown } from "../crossing/thrown.ts";
import type { FollowUp, Pulled } from "../inside/streams.ts";
import type { CallPool, Holder, Waiter } from "./call.ts";

/**
 * The rest of a reply that a thread holds open: its body, pulled from there when the client takes it, and its finish.
 *
 * @param work - Index of the operation in the pool's table.
 * @param waiter - Who waits for the body: when it has gone, what makes the next chunk is told.
 */
export function fetchRest(
  pool: CallPool,
  holder: Holder,
  work: number,
  [open, streams]: LeftOpen,
  waiter: Waiter | undefined,
): Pick<RawReply, "finish"> & { readonly body?: AsyncIterable<Chunk> } {
  holder.open++;
  const ask = (followUp: FollowUp): Promise<Pulled | undefined> =>
    new Promise((resolve, reject) => {
      pool.runOn(holder, {
        work,
        payload: followUp,
        waiter: followUp.ask === "pull" ? waiter : undefined,
        settle: (error, outcome) => {
          if (error !== undefined) return reject(error);
          const [ok, value] = outcome as TaskOutcome;
          if (ok) resolve(value as Pulled | undefined);
          else reject(unpackThrown(value));
        },
      });
    });
  const finish: RawReply["finish"] = async (failure) => {
    try {
      await ask({ open, ask: "finish", ...(failure && { failure: packThrown(failure.error) }) });
    } finally {
      holder.open--;
    }
  };
  return streams ? { body: pullChunks(open, ask), finish } : { finish };
}

async function* pullChunks(
  open: number,
  ask: (followUp: FollowUp) => Promise<Pulled | undefined>,
): AsyncGenerator<Chunk> {
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
