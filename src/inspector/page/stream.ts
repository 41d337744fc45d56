import type { Batch } from "../batch.ts";

/** The server's reports, as they arrive. The browser reconnects by itself. */
export interface Stream {
  readonly isConnected: boolean;
}

/** @param onOpen - Called on each connection: from there on everything is sent from the start. */
export function openStream(onOpen: () => void, onBatch: (batch: Batch) => void): Stream {
  const source = new EventSource(new URL("events", import.meta.url));
  source.addEventListener("open", onOpen);
  source.addEventListener("message", (event) => onBatch(JSON.parse(event.data as string) as Batch));
  return {
    get isConnected() {
      return source.readyState === EventSource.OPEN;
    },
  };
}
