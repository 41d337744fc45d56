import { callerLocation } from "../errors/location.ts";
import { replyMistake } from "../errors/reply-mistake.ts";
import { shownValue } from "../errors/shown-value.ts";
import { checkOptionNames } from "./option-names.ts";
import { addedTo, isIterable, Reply, type ReplyOptions, unfit } from "./reply.ts";

/** One server-sent event, with more than its data. */
export interface ServerSentEvent {
  /** Its data, sent as JSON. */
  readonly data?: unknown;
  /** Its data, sent verbatim; a line break starts another `data` line. Cannot be combined with `data`. */
  readonly text?: string | undefined;
  /** Its type, for `addEventListener`. Default: `message`. */
  readonly event?: string | undefined;
  /** The id that the browser sends back as `Last-Event-ID` when it reconnects. */
  readonly id?: string | number | undefined;
  /** After how long the browser reconnects. Integer, milliseconds, 0-2^53-1. */
  readonly retry?: number | undefined;
  /** A comment, which browsers skip; alone, it keeps a connection alive. */
  readonly comment?: string | undefined;
}

const known: Readonly<Record<keyof ServerSentEvent, true>> = {
  data: true,
  text: true,
  event: true,
  id: true,
  retry: true,
  comment: true,
};
const MAKING = "make an event";
const EVENT = Symbol.for("offloop.event");

/**
 * Makes an event with more than its data: a type, an id, a comment.
 *
 * @param fields - Its data, type, id, comment, and when to reconnect.
 * @returns The event, for a generator given to `sse` to yield.
 * @throws {OffloopError} `OFFLOOP_REPLY_INVALID` when a type or id has a line break, which would end it; for `data` and
 * `text` together; and for a `retry` that browsers would ignore. `OFFLOOP_OPTION_UNKNOWN`.
 * @example
 * ```ts
 * import { App, event, sse } from "offloop";
 *
 * async function* prices() {
 *   yield event({ event: "price", id: 1, data: { name: "Plumbus", price: 32.99 } });
 *   yield { name: "Plumbus", price: 31 };
 * }
 *
 * const app = new App();
 * app.get("/prices", async () => sse(prices()));
 * ```
 */
export function event(fields: ServerSentEvent): ServerSentEvent {
  checkOptionNames(MAKING, fields, known, callerLocation);
  for (const name of ["event", "id"] as const)
    if (/[\r\n\0]/.test(String(fields[name] ?? "")))
      throw replyMistake(
        MAKING,
        `expected its ${name} on one line, got ${shownValue(fields[name])}`,
        "take out its line breaks",
      );
  const { data, text, retry } = fields;
  if (data !== undefined && text !== undefined)
    throw replyMistake(
      MAKING,
      "expected data or text, got both",
      "leave out text, or data, which is sent as JSON",
    );
  if (retry !== undefined && !(Number.isSafeInteger(retry) && retry >= 0))
    throw replyMistake(
      MAKING,
      `expected retry as whole milliseconds, 0 or more, got ${shownValue(retry)}`,
      "write retry: 5_000, or leave it out",
    );
  return { ...fields, [EVENT]: true } as ServerSentEvent;
}

/** Whether a value was made by `event`. */
export function isEvent(value: unknown): value is ServerSentEvent {
  return typeof value === "object" && value !== null && EVENT in value;
}

/** Items that become server-sent events when they are sent. */
export class Events extends Reply {
  readonly items: AsyncIterable<unknown> | Iterable<unknown>;

  /** @internal */
  constructor(items: AsyncIterable<unknown> | Iterable<unknown>, options: ReplyOptions) {
    if (!isIterable(items)) throw unfit("an iterable of events", items);
    super(undefined, "text/event-stream; charset=utf-8", {
      ...options,
      // Proxies cache what looks like a page; nginx heeds the second header.
      headers: addedTo({ "cache-control": "no-cache", "x-accel-buffering": "no" }, options.headers),
    });
    this.items = items;
  }
}

/**
 * Sends server-sent events: each value as JSON in one `data`, or an event made by `event`. A comment every 15 seconds
 * keeps the connection open while nothing happens. The head is sent at once, so an error breaks the response off: check
 * first, then return the stream. At a shutdown, events in answer to a GET end after the current one, since an `EventSource`
 * connects again; others go on to their end.
 *
 * @param items - What to send: a generator, or any other iterable.
 * @param options - Status and headers.
 * @returns The reply, for the handler to return.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 * @example
 * ```ts
 * import { App, sse } from "offloop";
 *
 * const app = new App();
 * app.get("/ticks", async () => sse((async function* () {
 *   for (let n = 0; n < 10; n++) yield { n };
 * })()));
 * ```
 */
export function sse(items: AsyncIterable<unknown> | Iterable<unknown>, options: ReplyOptions = {}): Reply {
  return new Events(items, options);
}
