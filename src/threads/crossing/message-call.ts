import type { StandInValue } from "../../app/dependency.ts";
import type { ThreadedMessage } from "../../operation/run-message.ts";
import type { SessionState } from "../../operation/session.ts";
import { ownBytes, type Packed, type RequestPayload } from "./payloads.ts";
import { type Crossed, packValue, UncloneableValue, unpackValue } from "./values.ts";

/** A websocket message as it crosses to a thread. */
export interface MessagePayload {
  /** The request of its connection. */
  readonly request: RequestPayload;
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
  /** Values made on the loop: their path, and the value or the part of it that cannot cross. */
  readonly sent: readonly SentValue[];
  readonly session: SessionState | undefined;
}

type SentValue = readonly [path: string, value: Crossed, found?: string];

export function packMessage(
  request: RequestPayload,
  { frame, sent, session }: ThreadedMessage,
): Packed<MessagePayload> {
  const bytes = ownBytes(frame.bytes, [], Number.POSITIVE_INFINITY);
  const values = [...sent].map(([path, { value }]) => packSent(path, value));
  return { payload: { request, bytes, isBinary: frame.isBinary, sent: values, session }, transfer: [] };
}

export function unpackMessage({ bytes, isBinary, sent, session }: MessagePayload): ThreadedMessage {
  const values = sent.map(([path, value, found]): [string, StandInValue] => [
    path,
    { value: unpackValue(value), refused: found === undefined ? undefined : { found }, isSent: true },
  ]);
  return { frame: { bytes, isBinary }, sent: new Map(values), session };
}

/** A value that cannot cross is an error only when the handler asks for it: only `open` and `close` may need it. */
function packSent(path: string, value: unknown): SentValue {
  try {
    return [path, packValue(value, path.split(" > ").at(-1) as string)];
  } catch (error) {
    if (error instanceof UncloneableValue) return [path, undefined, error.found];
    throw error;
  }
}
