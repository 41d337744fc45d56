import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import { finished } from "node:stream";

/** Called when a response has been sent, or its client has gone: then with the error. */
type OnOver = (error: Error | null | undefined) => void;

const waiting = new WeakMap<ServerResponse, OnOver[]>();

/**
 * Calls a function once a response has been sent or its client has gone, in the async context it was given in. All
 * functions of a response share one listener: with one each, Node would warn of a leak.
 */
export function whenOver(raw: ServerResponse, run: OnOver): void {
  const others = waiting.get(raw);
  if (others !== undefined) return void others.push(AsyncLocalStorage.bind(run));
  const all = [run]; // finished() keeps the context of this first one
  waiting.set(raw, all);
  finished(raw, (error) => {
    waiting.delete(raw);
    for (const one of all) one(error);
  });
}
