import { depends, HTTPError } from "offloop";
import { apiKeyHeader, timingSafeEqual } from "offloop/security";
import { z } from "zod";
import { Shop } from "./shop.ts";

const sentKey = apiKeyHeader("X-API-Key");

/** Throws, or lets the request in. Nobody needs its value: it is in the `deps` of the app. */
export const apiKey = depends({ deps: { sentKey } }, async ({ sentKey }) => {
  if (!timingSafeEqual(sentKey, process.env.SHOP_KEY ?? "shop-key"))
    throw new HTTPError(401, "Wrong API key");
});

export const adminOnly = depends({ headers: { x_admin: z.string() } }, async ({ headers }) => {
  if (headers.x_admin !== "yes") throw new HTTPError(403, "For admins");
});

/** One for the whole app, on the loop: made when the app starts. Tests override it. */
export const shop = depends(async () => new Shop(), { scope: "app" });

/** The product in the path. */
export const product = depends(
  { params: { product_id: z.string() }, deps: { shop } },
  async ({ params, shop }) => {
    const found = shop.products.get(params.product_id);
    if (found === undefined) throw new HTTPError(404, "Product not found");
    return found;
  },
);
