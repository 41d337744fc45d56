import type { OperationDocumentation } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

const shape = {
  name: z.string(),
  description: z.string().nullable().default(null),
  price: z.number(),
  tax: z.number().nullable().default(null),
};
const Item = z.object(shape).meta({ id: "Item" });
const foo = { name: "Foo", description: "A very nice Item", price: 35.4, tax: 3.2 };
const invalid = { name: "Baz", price: "thirty five point four" };

function updating(body: z.ZodType, examples: OperationDocumentation["examples"] = {}) {
  const app = createApp();
  app.put("/items/:item_id", { params: { item_id: z.int() }, body, examples }, async ({ params, body }) => ({
    item_id: params.item_id,
    item: body,
  }));
  return app;
}

export const tutorial001 = updating(z.object(shape).meta({ id: "Item", examples: [foo] }));
export const tutorial002 = updating(
  z
    .object({
      name: shape.name.meta({ examples: ["Foo"] }),
      description: shape.description.meta({ examples: ["A very nice Item"] }),
      price: shape.price.meta({ examples: [35.4] }),
      tax: shape.tax.meta({ examples: [3.2] }),
    })
    .meta({ id: "Item" }),
);
export const tutorial003 = updating(Item.meta({ examples: [foo] }));
export const tutorial004 = updating(Item.meta({ examples: [foo, { name: "Bar", price: "35.4" }, invalid] }));
export const tutorial005 = updating(Item, {
  body: {
    normal: {
      summary: "A normal example",
      description: "A **normal** item works correctly.",
      value: foo,
    },
    converted: {
      summary: "An example with converted data",
      description: "Price `strings` are converted to actual `numbers`",
      value: { name: "Bar", price: "35.4" },
    },
    invalid: { summary: "Invalid data is rejected with an error", value: invalid },
  },
});
