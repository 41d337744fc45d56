import type { AppOptions } from "offloop";
import { createApp } from "../lane.ts";

const about = {
  title: "ChimichangApp",
  description: `
ChimichangApp API helps you do awesome stuff. 🚀

## Items

You can **read items**.

## Users

You will be able to:

* **Create users** (_not implemented_).
* **Read users** (_not implemented_).
`,
  summary: "Deadpool's favorite app. Nuff said.",
  version: "0.0.1",
  termsOfService: "http://example.com/terms/",
  contact: {
    name: "Deadpoolio the Amazing",
    url: "http://x-force.example.com/contact/",
    email: "dp@x-force.example.com",
  },
} satisfies AppOptions;

function items(name: string, options: AppOptions) {
  const app = createApp(options);
  app.get("/items/", async () => [{ name }]);
  return app;
}
export const tutorial001 = items("Katana", {
  ...about,
  license: { name: "Apache 2.0", url: "https://www.apache.org/licenses/LICENSE-2.0.html" },
});
export const tutorial001_1 = items("Katana", {
  ...about,
  license: { name: "Apache 2.0", identifier: "Apache-2.0" },
});
export const tutorial002 = items("Foo", { openapiUrl: "/api/v1/openapi.json" });
export const tutorial003 = items("Foo", { docsUrl: "/documentation", redocUrl: null });

export const tutorial004 = createApp({
  openapiTags: [
    { name: "users", description: "Operations with users. The **login** logic is also here." },
    {
      name: "items",
      description: "Manage items. So _fancy_ they have their own docs.",
      externalDocs: { description: "Items external docs", url: "https://fastapi.tiangolo.com/" },
    },
  ],
});
tutorial004.get("/users/", { tags: ["users"] }, async () => [{ name: "Harry" }, { name: "Ron" }]);
tutorial004.get("/items/", { tags: ["items"] }, async () => [{ name: "wand" }, { name: "flying broom" }]);
