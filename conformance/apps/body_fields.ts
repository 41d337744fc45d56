import { z } from "zod";
import { createApp } from "../lane.ts";

const Item = z.object({
  name: z.string(),
  description: z.string().max(300).nullable().default(null),
  price: z.number().gt(0),
  tax: z.number().nullable().default(null),
});

export const tutorial001 = createApp();
tutorial001.put(
  "/items/:item_id",
  { params: { item_id: z.int() }, body: { item: Item } },
  async ({ params, body }) => ({ item_id: params.item_id, item: body.item }),
);
