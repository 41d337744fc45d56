import { z } from "zod";

/** The item in the chapters about configuring path operations. */
export const Item = z
  .object({
    name: z.string(),
    description: z.string().nullable().default(null),
    price: z.number(),
    tax: z.number().nullable().default(null),
    tags: z
      .array(z.string())
      .overwrite((tags) => [...new Set(tags)])
      .meta({ uniqueItems: true })
      .default([]),
  })
  .meta({ id: "Item" });

/** The document's description of creating one. */
export const description = `Create an item with all the information:

- **name**: each item must have a name
- **description**: a long description
- **price**: required
- **tax**: if the item doesn't have tax, you can omit this
- **tags**: a set of unique tag strings for this item`;
