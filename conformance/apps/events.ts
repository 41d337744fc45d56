import { z } from "zod";
import { createApp, depends } from "../lane.ts";

/** Made when the app is served, and given to every thread: what the tutorial keeps in a module. */
const items = depends(
  async () => ({ foo: { name: "Fighters" }, bar: { name: "Tenders" } }) as Record<string, object>,
  {
    scope: "app",
  },
);
export const tutorial001 = createApp();
tutorial001.get("/items/:item_id", { deps: { items } }, async ({ params, items }) => items[params.item_id]);

export const tutorial002 = createApp();
tutorial002.get("/items/", async () => [{ name: "Foo" }]);

const models = depends(
  async function* () {
    yield { factor: 42 };
  },
  { scope: "app" },
);
export const tutorial003 = createApp();
tutorial003.get("/predict", { query: { x: z.number() }, deps: { models } }, async ({ query, models }) => ({
  result: query.x * models.factor,
}));
