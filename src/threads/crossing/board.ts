import type { EndedBy } from "../../operation/raw.ts";

/** Maximum number of calls that a thread holds: the one it runs, those beside it, and those handed to it ahead. */
export const SLOTS = 128;
/** How many of them may be handed ahead, or ask streams for their next chunk: what closes always finds a slot. */
export const MOST_AHEAD = 64;
export const MOST_PULLS = 64;

const MAX_TICKET = 0x7fffffff;

/**
 * Memory shared by the pool and one thread, with a slot for each call the thread holds.
 *
 * The pool offers a call by writing its ticket. The thread starts it by turning the ticket negative, and zeroes it when
 * the call has ended. The pool takes a call back by zeroing the ticket. Whichever comes second finds another value and
 * leaves the call alone. Tickets are not reused while that matters, so a slot is free at once after a recall although
 * the recalled message is still on its way.
 */
export interface Board {
  readonly tickets: Int32Array<SharedArrayBuffer>;
  /** The ticket of a call that was cancelled while running; negative where the server's shutdown cancelled it. */
  readonly cancelled: Int32Array<SharedArrayBuffer>;
  /** When the call that runs started, in milliseconds of {@link sharedNow}. */
  readonly startedAt: Float64Array<SharedArrayBuffer>;
  /** For how many milliseconds others have computed in the thread while the call was running. */
  readonly held: Int32Array<SharedArrayBuffer>;
  /** The ticket of a call for a stream's next chunk that has not come at once: nothing is computed for it meanwhile. */
  readonly awaiting: Int32Array<SharedArrayBuffer>;
  /** Of the calls that share the thread, which one computes now (its slot + 1, else 0), and since when. */
  readonly turn: Int32Array<SharedArrayBuffer>;
}

const [WHO, SINCE] = [0, 1];

export function createBoard(): Board {
  const words = (): Int32Array<SharedArrayBuffer> =>
    new Int32Array(new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT));
  const startedAt = new Float64Array(new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT));
  const turn = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  return { tickets: words(), cancelled: words(), startedAt, held: words(), awaiting: words(), turn };
}

/** A clock that reads the same on every thread, in milliseconds. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

/** The next ticket: 1 ... 2^31 - 1, then 1 again. */
export function nextTicket(ticket: number): number {
  return ticket === MAX_TICKET ? 1 : ticket + 1;
}

/** Pool: offers the call with this ticket. */
export function offer({ tickets }: Board, slot: number, ticket: number): void {
  Atomics.store(tickets, slot, ticket);
}

/** Pool: takes the call back. False when the thread has started it. */
export function recall({ tickets }: Board, slot: number, ticket: number): boolean {
  return Atomics.compareExchange(tickets, slot, ticket, 0) === ticket;
}

/** Thread: starts the call. False when the pool has taken it back. */
export function claim(
  { tickets, startedAt, held }: Board,
  slot: number,
  ticket: number,
  now: number,
): boolean {
  startedAt[slot] = now; // before the exchange, which publishes both
  held[slot] = 0;
  return Atomics.compareExchange(tickets, slot, ticket, -ticket) === ticket;
}

/** Thread: from now on the call runs as if it had just started. */
export function renew({ startedAt, held }: Board, slot: number, now: number): void {
  startedAt[slot] = now;
  held[slot] = 0;
}

/** Thread: the call awaits something, and may do so for long. */
export function tellAwaiting({ awaiting }: Board, slot: number, ticket: number): void {
  Atomics.store(awaiting, slot, ticket);
}

/** Pool: whether it has told so. */
export function isAwaiting({ awaiting }: Board, slot: number, ticket: number): boolean {
  return Atomics.load(awaiting, slot) === ticket;
}

/** Thread: marks the call as ended, though its result may not have been sent yet. */
export function finish({ tickets }: Board, slot: number): void {
  Atomics.store(tickets, slot, 0);
}

/** Pool: since when the call has been running, in milliseconds of {@link sharedNow}; undefined when it is not. */
export function runningSince(
  { tickets, startedAt }: Board,
  slot: number,
  ticket: number,
): number | undefined {
  return Atomics.load(tickets, slot) === -ticket ? startedAt[slot] : undefined;
}

/** {@link sharedNow} in whole milliseconds, as a word: the difference of two of them is right even where they overflow. */
function asWord(now: number): number {
  return Math.floor(now) | 0;
}

/** Thread: of those that share it, this call computes now. */
export function beginTurn({ turn }: Board, slot: number, now: number): void {
  Atomics.store(turn, SINCE, asWord(now)); // before the slot, which publishes it
  Atomics.store(turn, WHO, slot + 1);
}

/** Thread: the call no longer computes. For how long it held up the others must have been told before. */
export function endTurn({ turn }: Board): void {
  Atomics.store(turn, WHO, 0);
}

/** Thread: for how long others have computed while this call was running. */
export function tellHeld(
  { held }: Board,
  { slot, heldMs }: { readonly slot: number; readonly heldMs: number },
): void {
  Atomics.store(held, slot, Math.floor(heldMs));
}

/** Pool: the same, with the one that computes now. */
export function heldFor({ held, turn }: Board, slot: number, now: number): number {
  // In this order: a turn that ends meanwhile counts twice for a moment, rather than not at all.
  const who = Atomics.load(turn, WHO);
  const since = Atomics.load(turn, SINCE);
  const before = Atomics.load(held, slot);
  return who === 0 || who === slot + 1 ? before : before + Math.max(0, (asWord(now) - since) | 0);
}

/**
 * Memory shared by the pool and one thread: how many messages the thread has sent by the relay, or that the relay has
 * ended. From then on the thread sends none by it, and the pool knows how many must have arrived.
 */
export type RelayCount = Int32Array<SharedArrayBuffer>;

const ENDED = -1;

export function createRelayCount(): RelayCount {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** The count after one more message; it begins again at 0. */
export function nextRelayed(count: number): number {
  return (count + 1) & MAX_TICKET;
}

/** Thread: counts a message that is about to be sent by the relay. False when the relay has ended. */
export function countRelayed(count: RelayCount): boolean {
  const sent = Atomics.load(count, 0);
  // Only the end of the relay can come in between.
  return sent !== ENDED && Atomics.compareExchange(count, 0, sent, nextRelayed(sent)) === sent;
}

/** Pool: the relay has ended. Returns how many messages were sent by it. */
export function endRelayed(count: RelayCount): number {
  return Atomics.exchange(count, 0, ENDED);
}

/** Pool: tells a running call that nobody waits for it any more, and who ended the wait. */
export function cancel({ cancelled }: Board, slot: number, ticket: number, by: EndedBy): void {
  Atomics.store(cancelled, slot, by === "client" ? ticket : -ticket);
}

/** Thread: who has cancelled the call; undefined while nobody has. Works in the middle of synchronous code. */
export function cancelledBy({ cancelled }: Board, slot: number, ticket: number): EndedBy | undefined {
  const word = Atomics.load(cancelled, slot);
  if (word === ticket) return "client";
  return word === -ticket ? "shutdown" : undefined;
}
