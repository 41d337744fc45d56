import { z } from "zod";

/** `meta({ id })` gives a model its name in the OpenAPI document and in generated clients. */
const Line = z
  .object({ drink: z.string(), cups: z.int().min(1).max(12), milk: z.boolean().default(false) })
  .meta({ id: "Line" });

/** Where a drink goes: `kind` says which of the two it is. */
const Destination = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("table"), number: z.int().min(1) }),
  z.object({ kind: z.literal("delivery"), address: z.string().min(5) }),
]);

export const Order = z
  .object({
    lines: z.array(Line).min(1),
    destination: Destination,
    email: z.email().optional(),
    readyAt: z.iso.datetime().optional(),
  })
  .meta({ id: "Order" });

export const Receipt = z
  .object({ lines: z.array(Line), destination: Destination, cups: z.int() })
  .meta({ id: "Receipt" });
