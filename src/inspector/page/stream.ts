import type { Batch } from "../batch.ts";

/** What the server tells, as it happens. The browser connects anew by itself. */
export interface Stream {
  readonly isConnected: boolean;
}

/** @param onOpen - Told of each connection: from there on all is told from the start. */
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
