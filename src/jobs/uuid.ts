import { randomUUID } from "node:crypto";

let last = 0;
let sameTime = 0;
const MOST_SAME_TIME = 0xfff;

/**
 * A new id, greater than every one that this process made before (RFC 9562, version 7): jobs stored at the same instant
 * keep the order in which they were enqueued, and the indexes of a large table grow only at one end.
 */
export function newUuid(now: number = Date.now()): string {
  if (now > last) [last, sameTime] = [now, 0];
  else if (sameTime === MOST_SAME_TIME) [last, sameTime] = [last + 1, 0];
  else sameTime++;
  const time = last.toString(16).padStart(12, "0");
  const random = randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sameTime.toString(16).padStart(3, "0")}-${random.slice(19)}`;
}
