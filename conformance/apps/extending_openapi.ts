import { createApp } from "../lane.ts";

export const tutorial001 = createApp({
  openapi: (document) => ({
    ...document,
    info: {
      title: "Custom title",
      version: "2.5.0",
      summary: "This is a very custom OpenAPI schema",
      description: "Here's a longer description of the custom **OpenAPI** schema",
      "x-logo": { url: "https://fastapi.tiangolo.com/img/logo-margin/logo-teal.png" },
    },
  }),
});
tutorial001.get("/items/", async () => [{ name: "Foo" }]);
