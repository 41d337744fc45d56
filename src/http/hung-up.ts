import type { ServerResponse } from "node:http";

/** Whether a client has hung up before it had its whole response. */
export function hasHungUp(raw: ServerResponse): boolean {
  if (!raw.destroyed || raw.writableFinished) return false;
  // In process, as testClient asks, a response is whole when it has ended: its socket stays open and is never drained.
  return !raw.writableEnded || raw.socket?.destroyed !== false;
}
