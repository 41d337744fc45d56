import { AsyncLocalStorage } from "node:async_hooks";

/** The client that receives a stream. */
export interface WaitingClient {
  /** Aborts when it has gone, or the server shuts down. */
  readonly signal: AbortSignal;
}

const clients = new AsyncLocalStorage<WaitingClient>();

/** The client that the running code produces chunks for; undefined outside of a stream. */
export function waitingClient(): WaitingClient | undefined {
  return clients.getStore();
}

/** Runs what produces a chunk where {@link waitingClient} is this one. */
export function produceFor<Result>(client: WaitingClient, run: () => Result): Result {
  return clients.run(client, run);
}

/** The same chunks, produced where {@link waitingClient} is this one. */
export function producedFor<Chunk>(
  client: WaitingClient,
  chunks: AsyncIterable<Chunk>,
): AsyncIterable<Chunk> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = clients.run(client, () => chunks[Symbol.asyncIterator]());
      return {
        next: () => clients.run(client, () => iterator.next()),
        return: async () =>
          (await clients.run(client, () => iterator.return?.())) ?? { done: true, value: undefined },
      };
    },
  };
}
