import { z } from "zod";
import { createApp } from "../lane.ts";

const optional = z.string().optional();
const long = { description: "This is an amazing item that has a long description" };

export const tutorial001 = createApp();
const items = [{ item_name: "Foo" }, { item_name: "Bar" }, { item_name: "Baz" }];
tutorial001.get(
  "/items/",
  { query: { skip: z.int().default(0), limit: z.int().default(10) } },
  async ({ query }) => items.slice(query.skip, query.skip + query.limit),
);

export const tutorial002 = createApp();
tutorial002.get("/items/:item_id", { query: { q: optional } }, async ({ params, query }) => ({
  item_id: params.item_id,
  q: query.q,
}));

export const tutorial003 = createApp();
const short = z.boolean().default(false);
tutorial003.get("/items/:item_id", { query: { q: optional, short } }, async ({ params, query }) => ({
  item_id: params.item_id,
  q: query.q,
  ...(query.short ? {} : long),
}));

export const tutorial004 = createApp();
tutorial004.get(
  "/users/:user_id/items/:item_id",
  { params: { user_id: z.int() }, query: { q: optional, short } },
  async ({ params, query }) => ({
    item_id: params.item_id,
    owner_id: params.user_id,
    q: query.q,
    ...(query.short ? {} : long),
  }),
);

export const tutorial005 = createApp();
tutorial005.get("/items/:item_id", { query: { needy: z.string() } }, async ({ params, query }) => ({
  item_id: params.item_id,
  needy: query.needy,
}));

export const tutorial006 = createApp();
tutorial006.get(
  "/items/:item_id",
  { query: { needy: z.string(), skip: z.int().default(0), limit: z.int().nullish().default(null) } },
  async ({ params, query }) => ({ item_id: params.item_id, ...query }),
);
