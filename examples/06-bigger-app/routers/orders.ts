import { HTTPError, Router } from "offloop";
import { shop } from "../dependencies.ts";
import { Order, PlacedOrder } from "../models.ts";

export const orders = new Router({ prefix: "/orders", tags: ["orders"], deps: { shop } });

/** Blocks, as sending mail from a template would: a plain function, so it runs on a thread. */
const sendReceipt = orders.task(
  "send receipt",
  (order: PlacedOrder): string =>
    `${order.count} x ${order.product}: ${(order.totalInCents / 100).toFixed(2)}`,
);

// Handlers receive what the router needs by name, typed.
orders.post(
  "",
  { body: Order, response: PlacedOrder, status: 201 },
  async function placeOrder({ body, shop, background }) {
    const product = shop.products.get(body.product);
    if (product === undefined) throw new HTTPError(404, "Product not found");
    const order = shop.sell(product, body.count);
    background.add(sendReceipt, order);
    return order;
  },
);
