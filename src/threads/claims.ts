/** How many calls a thread holds at most: the one it runs and those handed to it ahead. */
export const SLOTS = 64;

const MAX_TICKET = 0x7fffffff;

/**
 * One word for each slot, shared with the thread. The pool offers a call by writing its ticket; the thread takes it by
 * turning the ticket negative; the pool takes it back by zeroing it. Whoever is second finds another value and leaves
 * the call alone. Tickets are never reused while it matters, so a slot is free again at once after a recall although
 * the recalled message is still on its way.
 */
export type Claims = Int32Array<SharedArrayBuffer>;

export function createClaims(): Claims {
  return new Int32Array(new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT));
}

/** The ticket after this one: 1 ... 2^31 - 1, then 1 again. */
export function nextTicket(ticket: number): number {
  return ticket === MAX_TICKET ? 1 : ticket + 1;
}

/** Pool: offers the call with this ticket. */
export function offer(claims: Claims, slot: number, ticket: number): void {
  Atomics.store(claims, slot, ticket);
}

/** Pool: takes the call back. False when the thread has started it. */
export function recall(claims: Claims, slot: number, ticket: number): boolean {
  return Atomics.compareExchange(claims, slot, ticket, 0) === ticket;
}

/** Thread: starts the call. False when the pool has taken it back. */
export function claim(claims: Claims, slot: number, ticket: number): boolean {
  return Atomics.compareExchange(claims, slot, ticket, -ticket) === ticket;
}
