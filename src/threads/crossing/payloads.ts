import type { Transferable } from "node:worker_threads";
import type { ClientAddress } from "../../app/context.ts";
import type { Log } from "../../app/log.ts";
import type { FileContent } from "../../app/reply.ts";
import type { TaskDeclaration } from "../../app/tasks/task-declaration.ts";
import type { DescribedError } from "../../errors/described-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import {
  type Chunk,
  type EndedBy,
  type FormPart,
  type HeaderPairs,
  ownsBuffer,
  type QueryValues,
  queryOf,
  type RawReply,
  type RawRequest,
} from "../../operation/raw.ts";
import type { SessionState } from "../../operation/session.ts";
import { BodyReader } from "./body-ring.ts";
import { packFields } from "./log-fields.ts";
import {
  type Crossed,
  packValue,
  type TaskOutcome,
  type Thrown,
  UncloneableValue,
  unpackValue,
} from "./values.ts";

/** A payload, and the parts of it that are transferred rather than copied. */
export interface Packed<T> {
  readonly payload: T;
  readonly transfer: Transferable[];
}

/** Bytes are transferred from this size on; below it, copying is faster. */
const TRANSFER_MIN_BYTES = 65_536;

/**
 * Bytes that can cross: the buffer itself when they fill it, else a copy of just these bytes.
 *
 * @param transferFrom - From this size on the buffer moves to the other side.
 */
export function ownBytes(
  bytes: Uint8Array,
  transfer: Transferable[],
  transferFrom: number = TRANSFER_MIN_BYTES,
): Uint8Array {
  if (!ownsBuffer(bytes)) return Uint8Array.prototype.slice.call(bytes);
  if (bytes.byteLength >= transferFrom) transfer.push(bytes.buffer as ArrayBuffer);
  return bytes;
}

/**
 * A body below this size is copied, so that the request can be taken back from a thread that dies or hangs before it
 * starts it.
 */
const TRANSFER_BODY_BYTES = 1_048_576;

/**
 * A request as it crosses: id, method, url, params, headers joined by newlines, the body or where it arrives, the parts
 * of a form, the client's host and port, root path, scheme or origin, and what was added to its log lines.
 */
export type RequestPayload = [
  string,
  string,
  string,
  Readonly<Record<string, string>> | undefined,
  string,
  Uint8Array | SharedArrayBuffer | undefined,
  readonly FormPart[] | undefined,
  string,
  number,
  string,
  string,
  bindings?: Crossed,
];

/** The parts of a request that are recreated on the other side. */
export interface RequestServices {
  /** Makes the signal, on demand. */
  signal(): AbortSignal;
  /** Makes the log, on demand. */
  log(): Log;
  /** Aborts the signal: nobody waits for the request any more. @param by - Who ended the wait. */
  cancel(by: EndedBy): void;
  /** Reports the call's progress. @param progress - 0-1. */
  report(progress: number): void;
}

/** What a call is about. */
export interface CallAbout {
  /** Fields of each of its log lines. */
  readonly fields: object;
  /** The reason its signal aborts with. Default: that the client has hung up, or that the server shuts down. */
  readonly cancelReason?: string;
}

/** What a call provides to the request it runs for. */
export interface CallServices {
  /** Begins services for a request that the call brings. */
  begin(about: CallAbout): RequestServices;
  /**
   * Resumes those of a reply that was left open and that the call pulls more of: its signal is
   * about this call from now on.
   */
  resume(services: RequestServices): void;
  /** The call has made a part, and has its deadline again for the next. */
  renew(): void;
}

/** What a call is about that runs for a request. */
export function aboutRequest(request: RequestPayload, operation: string): CallAbout {
  const [reqId] = request;
  const bindings = request[11];
  if (bindings === undefined) return { fields: { reqId, operation } };
  return { fields: { reqId, operation, ...(unpackValue(bindings) as object) } };
}

/** The parts of a request that cross. */
export type CrossingRequest = Omit<RawRequest, "query" | "signal" | "log" | "unread">;

/** @param unread - Where its body arrives, when it is left to be read there. */
export function packRequest(request: CrossingRequest, unread?: SharedArrayBuffer): Packed<RequestPayload> {
  const { id, method, url, params, headers, body, client, rootPath, via, bindings } = request;
  const transfer: Transferable[] = [];
  const whole = body === undefined ? undefined : ownBytes(body, transfer, TRANSFER_BODY_BYTES);
  const parts = request.parts?.map((part) => ownPart(part, transfer));
  const payload: RequestPayload = [
    id,
    method,
    url,
    params,
    headers.join("\n"),
    unread ?? whole,
    parts,
    client.host,
    client.port,
    rootPath,
    via,
  ];
  if (bindings !== undefined) payload.push(packFields(bindings));
  return { payload, transfer };
}

function ownPart([name, value]: FormPart, transfer: Transferable[]): FormPart {
  if (typeof value === "string" || value.bytes === undefined) return [name, value];
  return [name, { ...value, bytes: ownBytes(value.bytes, transfer, TRANSFER_BODY_BYTES) }];
}

/** The request in the thread. Headers are split on demand: most operations never read them. */
export class ReceivedRequest implements RawRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>> | undefined;
  readonly parts: readonly FormPart[] | undefined;
  readonly rootPath: string;
  readonly via: string;
  readonly #joined: string;
  readonly #host: string;
  readonly #port: number;
  readonly #services: RequestServices;
  readonly #sent: RequestPayload[5];
  #unread: BodyReader | undefined;
  #headers: string[] | undefined;
  #query: QueryValues | undefined;

  constructor(payload: RequestPayload, services: RequestServices) {
    this.#services = services;
    [
      this.id,
      this.method,
      this.url,
      this.params,
      this.#joined,
      this.#sent,
      this.parts,
      this.#host,
      this.#port,
      this.rootPath,
      this.via,
    ] = payload;
  }

  get body(): Uint8Array | undefined {
    return this.#sent instanceof Uint8Array ? this.#sent : undefined;
  }

  get unread(): BodyReader | undefined {
    if (this.#sent instanceof SharedArrayBuffer)
      this.#unread ??= new BodyReader(this.#sent, (by) => this.#services.cancel(by));
    return this.#unread;
  }

  get headers(): readonly string[] {
    this.#headers ??= this.#joined === "" ? [] : this.#joined.split("\n");
    return this.#headers;
  }

  get query(): QueryValues {
    this.#query ??= queryOf(this.url);
    return this.#query;
  }

  get client(): ClientAddress {
    return { host: this.#host, port: this.#port };
  }

  get signal(): AbortSignal {
    return this.#services.signal();
  }

  get log(): Log {
    return this.#services.log();
  }
}

/** A task that follows the response, as it crosses: its name and arguments. */
export type NamedCall = readonly [name: string, args: Crossed];

/** What is still open of a reply in its thread: its number there, and whether its body is pulled from it. */
export type OpenReplyRef = readonly [open: number, streams: boolean];

/** A reply as it crosses: status, media type, headers, body, background, error, and what is still open of it. */
export type ReplyPayload = [
  number,
  string | undefined,
  HeaderPairs | undefined,
  string | Uint8Array | FileContent | undefined,
  NamedCall[] | undefined,
  DescribedError | undefined,
  OpenReplyRef | undefined,
];

/** @param open - Where the rest of it is held, if there is any. */
export function packReply(reply: RawReply, open?: OpenReplyRef): Packed<ReplyPayload> {
  const transfer: Transferable[] = [];
  const { status, mediaType, headers, error } = reply;
  const body = packBody(reply.body, transfer);
  const background = nameCalls(reply.background?.splice(0)); // tasks added from here on cross later
  return { payload: [status, mediaType, headers, body, background, error, open], transfer };
}

/** Whether an outcome is a reply: those of other calls are pairs. */
export function isReplyPayload(outcome: unknown): outcome is ReplyPayload {
  return (outcome as readonly unknown[]).length > 2;
}

/**
 * Background calls as they cross.
 *
 * @throws {OffloopError} `OFFLOOP_NOT_CLONEABLE` for arguments that could cross when they were added.
 */
export function nameCalls(calls: RawReply["background"]): NamedCall[] | undefined {
  return calls?.map(({ task, args }): NamedCall => [task.name, packArguments(task, args)]);
}

function packArguments({ name, location }: TaskDeclaration, args: unknown[]): Crossed {
  try {
    return packValue(args, "args");
  } catch (error) {
    if (!(error instanceof UncloneableValue)) throw error;
    throw new OffloopError(
      "OFFLOOP_NOT_CLONEABLE",
      `Cannot run task "${name}" after the response: ${error.found} cannot cross between threads`,
      { at: location, fix: "leave its arguments as they are once you have added it" },
    );
  }
}

function packBody(body: RawReply["body"], transfer: Transferable[]): ReplyPayload[3] {
  if (typeof body === "string" && body.length < TRANSFER_MIN_BYTES) return body;
  if (typeof body === "string") return ownBytes(new TextEncoder().encode(body), transfer);
  if (body instanceof Uint8Array) return ownBytes(body, transfer);
  return body !== undefined && "file" in body ? body : undefined;
}

/** A request from the pool about a reply that a thread holds open. */
export interface FollowUp {
  readonly open: number;
  /** `pull`: its next chunks. `stop`: nobody takes them any more. `finish`: its tasks have ended, close the rest. */
  readonly ask: "pull" | "stop" | "finish";
  /** Set where it asks for chunks. */
  readonly pull?: Pull;
  /** What went wrong in its tasks. */
  readonly failure?: Thrown;
  /** Who has ended the wait for it, if anyone: what closes sees that, as on the loop. */
  readonly endedBy?: EndedBy;
}

/** Whether a call asks a stream for its next chunk. */
export function isPull(payload: unknown): boolean {
  return (payload as Partial<FollowUp> | undefined)?.ask === "pull";
}

/** What decides how many chunks come at once. */
export interface Pull {
  /** When it was asked for, in milliseconds of `sharedNow`. */
  readonly askedAt: number;
  /** How fast the client has taken the chunks before, in bytes a millisecond. */
  readonly rate: number;
}

/** The outcome, and the tasks that were added meanwhile. */
export type Followed = readonly [outcome: TaskOutcome, added: NamedCall[] | undefined];

/** The next chunks of a body; `done` with the last ones. */
export interface Pulled {
  readonly chunks: Chunk[];
  readonly done: boolean;
}

/** An error to be answered on a thread, as it crosses. */
export interface FailurePayload {
  readonly request: RequestPayload;
  readonly thrown: Thrown;
  /** The visitor's current session; undefined when nobody has asked for it yet. */
  readonly sessionState: SessionState | undefined;
}
