import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { createApp, depends } from "../lane.ts";

const items: Record<string, object> = {};
export const tutorial001 = createApp();
tutorial001.lifespan(async function* () {
  items.foo = { name: "Fighters" };
  items.bar = { name: "Tenders" };
  yield;
});
tutorial001.get("/items/:item_id", async ({ params }) => items[params.item_id]);

export const tutorial002 = createApp();
tutorial002.lifespan(async function* () {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  yield;
  await appendFile(join(folder, "log.txt"), "Application shutdown");
  await rm(folder, { recursive: true });
});
tutorial002.get("/items/", async () => [{ name: "Foo" }]);

/** What a single operation needs is a dependency: made once, and handed to threads, too. */
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
