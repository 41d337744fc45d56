import { z } from "zod";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp({ strictContentType: false });
tutorial001.post(
  "/items/",
  { body: z.object({ name: z.string(), price: z.number() }) },
  async ({ body }) => body,
);
