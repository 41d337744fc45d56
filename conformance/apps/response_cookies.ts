import { createApp } from "../lane.ts";

const message = "Come to the dark side, we have cookies";

export const tutorial001 = createApp();
tutorial001.post("/cookie/", async ({ response }) => {
  response.setCookie("fakesession", "fake-cookie-session-value");
  return Response.json({ message });
});

export const tutorial002 = createApp();
tutorial002.post("/cookie-and-object/", ({ response }) => {
  response.setCookie("fakesession", "fake-cookie-session-value");
  return { message };
});
