import { env } from "node:process";
import { createApp } from "../lane.ts";

/** An empty `OPENAPI_URL` turns off the document and the pages. */
export const tutorial001 = createApp({ openapiUrl: env.OPENAPI_URL ?? "/openapi.json" });
tutorial001.get("/", async () => ({ message: "Hello World" }));
