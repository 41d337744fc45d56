import { z } from "zod";
import { createApp } from "../lane.ts";

const params = { item_id: z.int() };
const base = {
  name: z.string(),
  description: z.string().nullable().default(null),
  price: z.number(),
  tax: z.number().nullable().default(null),
};
/** A list whose duplicates are dropped: Python's set. */
const tagSet = z
  .array(z.string())
  .meta({ uniqueItems: true })
  .default([])
  .transform((tags) => [...new Set(tags)]);
const Image = z.object({ url: z.url().min(1).max(2083), name: z.string() });
const PlainImage = z.object({ url: z.string(), name: z.string() });

function itemApp(body: z.ZodType) {
  const app = createApp();
  app.put("/items/:item_id", { params, body }, async ({ params, body }) => ({ ...params, item: body }));
  return app;
}

export const tutorial001 = itemApp(z.object({ ...base, tags: z.array(z.any()).default([]) }));
export const tutorial002 = itemApp(z.object({ ...base, tags: z.array(z.string()).default([]) }));
export const tutorial003 = itemApp(z.object({ ...base, tags: tagSet }));
export const tutorial004 = itemApp(
  z.object({ ...base, tags: tagSet, image: PlainImage.nullable().default(null) }),
);
export const tutorial005 = itemApp(
  z.object({ ...base, tags: tagSet, image: Image.nullable().default(null) }),
);

const images = z.array(Image).nullable().default(null);
export const tutorial006 = itemApp(z.object({ ...base, tags: tagSet, images }));

export const tutorial007 = createApp();
const Offer = z.object({
  name: z.string(),
  description: z.string().nullable().default(null),
  price: z.number(),
  items: z.array(z.object({ ...base, tags: tagSet, images })),
});
tutorial007.post("/offers/", { body: Offer }, async ({ body }) => body);

export const tutorial008 = createApp();
tutorial008.post("/images/multiple/", { body: z.array(Image) }, async ({ body }) => body);

/** JSON keys are strings. */
const integerKey = z.string().refine((key) => /^-?\d+$/.test(key));
export const tutorial009 = createApp();
tutorial009.post("/index-weights/", { body: z.record(integerKey, z.number()) }, async ({ body }) => body);
