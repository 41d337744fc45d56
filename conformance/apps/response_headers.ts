import { createApp } from "../lane.ts";

export const tutorial001 = createApp();
tutorial001.get("/headers/", () =>
  Response.json(
    { message: "Hello World" },
    { headers: { "X-Cat-Dog": "alone in the world", "Content-Language": "en-US" } },
  ),
);

export const tutorial002 = createApp();
tutorial002.get("/headers-and-object/", async ({ response }) => {
  response.headers.set("X-Cat-Dog", "alone in the world");
  return { message: "Hello World" };
});
