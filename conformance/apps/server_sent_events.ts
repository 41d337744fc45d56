import { event, sse } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

const items = [
  { name: "Plumbus", description: "A multi-purpose household device." },
  { name: "Portal Gun", description: "A portal opening device." },
  { name: "Meeseeks Box", description: "A box that summons a Meeseeks." },
];
const prices = [
  { name: "Plumbus", price: 32.99 },
  { name: "Portal Gun", price: 999.99 },
  { name: "Meeseeks Box", price: 49.99 },
];
const events = { responseMediaType: "text/event-stream" };
const Item = z.object({ name: z.string(), description: z.string().nullable() });

async function* later() {
  yield* items;
}
function* now() {
  yield* items;
}

export const tutorial001 = createApp();
tutorial001.get("/items/stream", { response: Item, ...events }, async () => sse(later()));
tutorial001.get("/items/stream-no-async", { response: Item, ...events }, () => sse(now()));
tutorial001.get("/items/stream-no-annotation", events, async () => sse(later()));
tutorial001.get("/items/stream-no-async-no-annotation", events, () => sse(now()));

export const tutorial002 = createApp();
tutorial002.get("/items/stream", events, async () =>
  sse(
    (async function* () {
      yield event({ comment: "stream of item updates" });
      for (const [index, data] of prices.entries())
        yield event({ data, event: "item_update", id: index + 1, retry: 5000 });
    })(),
  ),
);

export const tutorial003 = createApp();
tutorial003.get("/logs/stream", events, async () =>
  sse(
    [
      "2025-01-01 INFO  Application started",
      "2025-01-01 DEBUG Connected to database",
      "2025-01-01 WARN  High memory usage detected",
    ].map((text) => event({ text })),
  ),
);

export const tutorial004 = createApp();
tutorial004.get(
  "/items/stream",
  { headers: { last_event_id: z.int().optional() }, ...events },
  async ({ headers }) => {
    const start = headers.last_event_id === undefined ? 0 : headers.last_event_id + 1;
    return sse(prices.map((data, id) => event({ data, id })).slice(start));
  },
);

export const tutorial005 = createApp();
tutorial005.post("/chat/stream", { body: z.object({ text: z.string() }), ...events }, async ({ body }) =>
  sse(
    (async function* () {
      for (const data of body.text.split(" ")) yield event({ data, event: "token" });
      yield event({ text: "[DONE]", event: "done" });
    })(),
  ),
);
