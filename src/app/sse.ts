import { Reply, type ReplyOptions } from "./reply.ts";

/** One server-sent event, with more than its data. */
export interface ServerSentEvent {
  /** Its data, sent as JSON. */
  readonly data?: unknown;
  /** Its data, sent as it is; a line break starts another `data` line. */
  readonly text?: string;
  /** Its type, for `addEventListener`. Default: `message`. */
  readonly event?: string;
  /** What the browser sends back as `Last-Event-ID` when it reconnects. */
  readonly id?: string | number;
  /** After how many milliseconds the browser reconnects. */
  readonly retry?: number;
  /** A comment, which browsers skip; alone, it keeps a connection alive. */
  readonly comment?: string;
}

const FIELDS = new Set(["data", "text", "event", "id", "retry", "comment"]);
const EVENT = Symbol.for("offloop.event");

/**
 * Makes an event with more than its data: a type, an id, a comment.
 *
 * @param fields - Its data, type, id, comment, and when to reconnect.
 * @returns The event, to be yielded by a generator that is given to `sse`.
 * @throws {TypeError} When a type or id has a line break, which would end it.
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
  const unknown = Object.keys(fields).find((name) => !FIELDS.has(name));
  if (unknown !== undefined)
    throw new TypeError(`event: expected ${[...FIELDS].join(", ")}, got "${unknown}"`);
  for (const name of ["event", "id"] as const)
    if (/[\r\n\0]/.test(String(fields[name] ?? "")))
      throw new TypeError(`event: expected ${name} on one line, got ${JSON.stringify(fields[name])}`);
  return { ...fields, [EVENT]: true } as ServerSentEvent;
}

/** Whether a value is what `event` makes. */
export function isEvent(value: unknown): value is ServerSentEvent {
  return typeof value === "object" && value !== null && EVENT in value;
}

/** Chunks that become server-sent events when they are sent. */
export class Events extends Reply {
  readonly items: AsyncIterable<unknown> | Iterable<unknown>;

  /** @internal */
  constructor(items: AsyncIterable<unknown> | Iterable<unknown>, options: ReplyOptions) {
    super(undefined, "text/event-stream; charset=utf-8", {
      ...options,
      // Proxies keep what looks like a page; nginx listens to the second.
      headers: { "cache-control": "no-cache", "x-accel-buffering": "no", ...options.headers },
    });
    this.items = items;
  }
}

/**
 * Sends server-sent events: each value as JSON in one `data`, or what `event` makes. A comment every 15 seconds keeps
 * the connection open while nothing happens.
 *
 * @param items - What to send: a generator, or anything else that can be iterated.
 * @param options - Status and headers.
 * @returns The reply, to be returned by the handler.
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
