import { z } from "zod";
import { createApp } from "../lane.ts";

function creating() {
  const app = createApp();
  app.post("/items/", { status: 201, query: { name: z.string() } }, async ({ query }) => ({
    name: query.name,
  }));
  return app;
}
export const tutorial001 = creating();
export const tutorial002 = creating();
