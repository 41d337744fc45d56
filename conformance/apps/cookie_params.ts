import { z } from "zod";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.get("/items/", { cookies: { ads_id: z.string().optional() } }, async ({ cookies }) => ({
  ads_id: cookies.ads_id ?? null,
}));
