import type { Transferable } from "node:worker_threads";
import type { FileContent } from "../../app/reply.ts";
import type { DescribedError } from "../../errors/described-error.ts";
import type { Chunk, HeaderPairs, RawReply } from "../../operation/raw.ts";
import { ownBytes, type Packed, TRANSFER_MIN_BYTES } from "./bytes.ts";
import type { TaskOutcome, Thrown } from "./thrown.ts";
import { type Crossed, packValue } from "./values.ts";

/** A task for after the response, as it crosses: its name and arguments. */
export type NamedCall = readonly [name: string, args: Crossed];

/** What of a reply is still open in its thread: its number there, and whether its body is pulled from it. */
export type OpenReplyRef = readonly [open: number, streams: boolean];

/** A reply as it crosses: status, media type, headers, body, background, error, what of it is still open. */
export type ReplyPayload = [
  number,
  string | undefined,
  HeaderPairs | undefined,
  string | Uint8Array | FileContent | undefined,
  NamedCall[] | undefined,
  DescribedError | undefined,
  OpenReplyRef | undefined,
];

/** @param open - Where the rest of it is held, when there is one. */
export function packReply(reply: RawReply, open?: OpenReplyRef): Packed<ReplyPayload> {
  const transfer: Transferable[] = [];
  const { status, mediaType, headers, error } = reply;
  const body = packBody(reply.body, transfer);
  const background = nameCalls(reply.background?.splice(0)); // what is added from here on crosses later
  return { payload: [status, mediaType, headers, body, background, error, open], transfer };
}

/** Background calls as they cross. */
export function nameCalls(calls: RawReply["background"]): NamedCall[] | undefined {
  return calls?.map(
    ({ task, args }): NamedCall => [task.name, packValue(args, `args of task "${task.name}"`)],
  );
}

function packBody(body: RawReply["body"], transfer: Transferable[]): ReplyPayload[3] {
  if (typeof body === "string" && body.length < TRANSFER_MIN_BYTES) return body;
  if (typeof body === "string") return ownBytes(new TextEncoder().encode(body), transfer);
  if (body instanceof Uint8Array) return ownBytes(body, transfer);
  return body !== undefined && "file" in body ? body : undefined;
}

/** What the pool asks about a reply that a thread holds open. */
export interface FollowUp {
  readonly open: number;
  /** `pull`: its next chunks. `stop`: nobody takes them any more. `finish`: its tasks have ended, close what is left. */
  readonly ask: "pull" | "stop" | "finish";
  /** What went wrong in its tasks. */
  readonly failure?: Thrown;
}

/** What came of it, and the tasks that were added meanwhile. */
export type Followed = readonly [outcome: TaskOutcome, added: NamedCall[] | undefined];

/** The next chunks of a body; `done` with the last ones. */
export interface Pulled {
  readonly chunks: Chunk[];
  readonly done: boolean;
}
