import { param } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.get("/items/", { headers: { user_agent: z.string().optional() } }, async ({ headers }) => ({
  "User-Agent": headers.user_agent,
}));

export const tutorial002 = createApp();
tutorial002.get(
  "/items/",
  { headers: { strange_header: param(z.string().optional(), { convertUnderscores: false }) } },
  async ({ headers }) => ({ strange_header: headers.strange_header ?? null }),
);

export const tutorial003 = createApp();
tutorial003.get("/items/", { headers: { x_token: z.array(z.string()).optional() } }, async ({ headers }) => ({
  "X-Token values": headers.x_token ?? null,
}));
