/** Who ended a request before its answer was sent: the client by leaving, or the server by shutting down. */
export type EndedBy = "client" | "shutdown";

/** What the reason of its `signal` says, on both lanes. */
export const endReasons: Readonly<Record<EndedBy, string>> = {
  client: "The client has hung up",
  shutdown: "The server shuts down",
};

/** The reason that its `signal` aborts with. */
export function endReason(by: EndedBy): DOMException {
  return new DOMException(endReasons[by], "AbortError");
}
