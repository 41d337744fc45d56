import { z } from "zod";
import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.post("/login/", { form: { username: z.string(), password: z.string() } }, async ({ form }) => ({
  username: form.username,
}));
