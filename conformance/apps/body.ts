import { z } from "zod";
import { createApp } from "../lane.ts";

const Item = z.object({
  name: z.string(),
  description: z.string().nullable().default(null),
  price: z.number(),
  tax: z.number().nullable().default(null),
});

export const tutorial001 = createApp();
tutorial001.post("/items/", { body: Item }, async ({ body }) => body);

export const tutorial002 = createApp();
tutorial002.post("/items/", { body: Item }, async ({ body }) =>
  body.tax === null ? body : { ...body, price_with_tax: body.price + body.tax },
);

export const tutorial003 = createApp();
tutorial003.put(
  "/items/:item_id",
  { params: { item_id: z.int() }, body: Item },
  async ({ params, body }) => ({
    item_id: params.item_id,
    ...body,
  }),
);

export const tutorial004 = createApp();
tutorial004.put(
  "/items/:item_id",
  { params: { item_id: z.int() }, query: { q: z.string().optional() }, body: Item },
  async ({ params, query, body }) => ({ item_id: params.item_id, ...body, q: query.q }),
);
