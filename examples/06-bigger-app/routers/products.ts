import { Router } from "offloop";
import { z } from "zod";
import { product, shop } from "../dependencies.ts";
import { Product } from "../models.ts";

export const products = new Router({ prefix: "/products", tags: ["products"] });

products.get("", { deps: { shop }, response: z.array(Product) }, async function listProducts({ shop }) {
  return [...shop.products.values()];
});

products.get(
  "/:product_id",
  { deps: { product }, response: Product },
  async function readProduct({ product }) {
    return product;
  },
);
