import { randomUUID } from "node:crypto";
import { OutOfStockError, type PlacedOrder, type Product } from "./models.ts";

/** The shop's stock and sales: in memory here, where a real one asks its database. */
export class Shop {
  readonly products = new Map<string, Product>();
  readonly orders: PlacedOrder[] = [];

  constructor() {
    this.stock({ id: "plumbus", name: "Plumbus", priceInCents: 3299, stock: 3 });
    this.stock({ id: "portal-gun", name: "Portal gun", priceInCents: 999_900, stock: 1 });
  }

  stock(product: Product): void {
    this.products.set(product.id, product);
  }

  /** @throws {OutOfStockError} When there is not enough of it. */
  sell(product: Product, count: number): PlacedOrder {
    if (product.stock < count) throw new OutOfStockError(product.id);
    this.stock({ ...product, stock: product.stock - count });
    const order = {
      id: randomUUID(),
      product: product.id,
      count,
      totalInCents: count * product.priceInCents,
    };
    this.orders.push(order);
    return order;
  }
}
