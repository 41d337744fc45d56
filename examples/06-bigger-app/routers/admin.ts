import { Router } from "offloop";
import { adminOnly, shop } from "../dependencies.ts";
import { Product } from "../models.ts";

export const admin = new Router({ prefix: "/admin", tags: ["admin"], deps: { adminOnly, shop } });

admin.put("/products", { body: Product, response: Product }, async function stockProduct({ body, shop }) {
  shop.stock(body);
  return body;
});

admin.get("/revenue", async function readRevenue({ shop }) {
  return { totalInCents: shop.orders.reduce((sum, { totalInCents }) => sum + totalInCents, 0) };
});
