import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.frontend("/static", new URL("static", import.meta.url), { fallback: null });
