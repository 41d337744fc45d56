import { App } from "offloop";
import { apiKey } from "./dependencies.ts";
import { OutOfStockError } from "./models.ts";
import { admin } from "./routers/admin.ts";
import { orders } from "./routers/orders.ts";
import { products } from "./routers/products.ts";

// Every operation of the app needs what is in its `deps`; an operation of a router also what is in the router's.
const app = new App({
  title: "Shop",
  version: "1.0.0",
  description: "Routers in files of their own.",
  deps: { apiKey },
});

app.include(products);
app.include(orders);
// The place of inclusion decides its prefix: the router does not know that it is internal.
app.include(admin, { prefix: "/internal", tags: ["internal"] });

// One place turns the shop's own error into an answer.
app.onError(OutOfStockError, async (error, { response }) => {
  response.status = 409;
  return { detail: error.message, product: error.product };
});

export default app;
