import {
  type ChunksEvent,
  chunksChannel,
  newRecord,
  type RunRecord,
  type ThrownError,
} from "../../channels/channels.ts";
import { type DescribedError, describeError } from "../../errors/described-error.ts";
import { frameLines } from "../../errors/stack-frames.ts";
import type { Waiter } from "./call.ts";

/** The stream that chunks belong to. */
export interface ProducedStream extends Pick<ChunksEvent, "request" | "operation" | "lane"> {
  /** The client that receives it. */
  readonly waiter: Pick<Waiter, "isGone"> | undefined;
}

/** Whether anybody wants to know of chunks. */
export function areChunksObserved(): boolean {
  return chunksChannel.hasSubscribers;
}

/**
 * Publishes that chunks are asked for, and that they came or failed.
 *
 * @param produce - Produces them, and fills in where and for how long.
 */
export async function publishChunks<Result>(
  { waiter, ...about }: ProducedStream,
  produce: (record: RunRecord) => Promise<Result>,
): Promise<Result> {
  const record = newRecord();
  let error: ThrownError | undefined;
  chunksChannel.publish({ event: "start", ...about });
  try {
    return await produce(record);
  } catch (thrown) {
    if (waiter?.isGone !== true) error = thrownOf(describeError(thrown));
    throw thrown;
  } finally {
    const { thread, queueMs, runMs } = record;
    chunksChannel.publish({ event: "end", ...about, thread, queueMs, runMs, error });
  }
}

/** An error as channels say it. */
export function thrownOf(error: DescribedError): ThrownError {
  const { type, message, code } = error;
  return { type, message, code, stack: frameLines(error) };
}
