import { z } from "zod";
import { createApp } from "../lane.ts";

const Item = z.object({
  name: z.string(),
  description: z.string().nullable().default(null),
  price: z.number(),
  tax: z.number().nullable().default(null),
});
const User = z.object({ username: z.string(), full_name: z.string().nullable().default(null) });
const params = { item_id: z.int() };

export const tutorial001 = createApp();
tutorial001.put(
  "/items/:item_id",
  {
    params: { item_id: z.int().min(0).max(1000) },
    query: { q: z.string().optional() },
    body: Item.nullable().default(null),
  },
  async ({ params, query, body }) => ({ item_id: params.item_id, q: query.q, item: body ?? undefined }),
);

export const tutorial002 = createApp();
tutorial002.put(
  "/items/:item_id",
  { params, body: { item: Item, user: User } },
  async ({ params, body }) => ({
    ...params,
    ...body,
  }),
);

export const tutorial003 = createApp();
tutorial003.put(
  "/items/:item_id",
  { params, body: { item: Item, user: User, importance: z.int() } },
  async ({ params, body }) => ({ ...params, ...body }),
);

export const tutorial004 = createApp();
tutorial004.put(
  "/items/:item_id",
  {
    params,
    query: { q: z.string().optional() },
    body: { item: Item, user: User, importance: z.int().gt(0) },
  },
  async ({ params, query, body }) => ({ ...params, ...body, ...query }),
);

export const tutorial005 = createApp();
tutorial005.put("/items/:item_id", { params, body: { item: Item } }, async ({ params, body }) => ({
  ...params,
  ...body,
}));
