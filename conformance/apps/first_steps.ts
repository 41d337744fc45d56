import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.get("/", async () => ({ message: "Hello World" }));

export const tutorial003 = createApp();
tutorial003.get("/", () => ({ message: "Hello World" }));
