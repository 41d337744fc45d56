import { type Channel, subscribe, unsubscribe } from "node:diagnostics_channel";

/** Has a function told of every event of a channel. Gives the function that ends it. */
export function listen<Event>(
  { name }: Channel<unknown, Event>,
  onEvent: (event: Event) => void,
): () => void {
  const onMessage = (message: unknown): void => onEvent(message as Event);
  subscribe(name, onMessage);
  return () => void unsubscribe(name, onMessage);
}
