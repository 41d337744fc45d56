import type { Batch } from "../batch.ts";

/** What the server tells, as it happens. The browser connects anew by itself. */
export interface Stream {
  readonly isConnected: boolean;
}

export function openStream(onBatch: (batch: Batch) => void): Stream {
  const source = new EventSource(new URL("events", import.meta.url));
  source.addEventListener("message", (event) => onBatch(JSON.parse(event.data as string) as Batch));
  return {
    get isConnected() {
      return source.readyState === EventSource.OPEN;
    },
  };
}
