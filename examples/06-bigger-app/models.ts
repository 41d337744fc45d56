import { z } from "zod";

export const Product = z
  .object({ id: z.string(), name: z.string(), priceInCents: z.int().min(0), stock: z.int().min(0) })
  .meta({ id: "Product" });
export type Product = z.infer<typeof Product>;

export const Order = z.object({ product: z.string(), count: z.int().min(1).max(100) }).meta({ id: "Order" });

export const PlacedOrder = Order.extend({ id: z.uuid(), totalInCents: z.int() }).meta({ id: "PlacedOrder" });
export type PlacedOrder = z.infer<typeof PlacedOrder>;

/** Thrown by every function that sells; the app decides how to answer it. */
export class OutOfStockError extends Error {
  readonly product: string;

  constructor(product: string) {
    super(`There is not enough of ${product}`);
    this.product = product;
  }
}
