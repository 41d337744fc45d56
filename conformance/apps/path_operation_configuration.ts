import { createApp } from "../lane.ts";
import { description, Item } from "../models/item.ts";

export const tutorial001 = createApp();
tutorial001.post("/items/", { body: Item, response: Item, status: 201 }, async ({ body }) => body);

export const tutorial002 = createApp();
tutorial002.post("/items/", { body: Item, response: Item, tags: ["items"] }, async ({ body }) => body);
tutorial002.get("/items/", { tags: ["items"] }, async () => [{ name: "Foo", price: 42 }]);
tutorial002.get("/users/", { tags: ["users"] }, async () => [{ username: "johndoe" }]);

const tags = { items: "items", users: "users" } as const;
export const tutorial002b = createApp();
tutorial002b.get("/items/", { tags: [tags.items] }, async () => ["Portal gun", "Plumbus"]);
tutorial002b.get("/users/", { tags: [tags.users] }, async () => ["Rick", "Morty"]);

export const tutorial003 = createApp();
const summary = "Create an item";
tutorial003.post(
  "/items/",
  {
    body: Item,
    response: Item,
    summary,
    description:
      "Create an item with all the information, name, description, price, tax and a set of unique tags",
  },
  async ({ body }) => body,
);

export const tutorial004 = createApp();
tutorial004.post("/items/", { body: Item, response: Item, summary, description }, async ({ body }) => body);

export const tutorial005 = createApp();
tutorial005.post(
  "/items/",
  { body: Item, response: Item, summary, description, responseDescription: "The created item" },
  async ({ body }) => body,
);

export const tutorial006 = createApp();
tutorial006.get("/items/", { tags: ["items"] }, async () => [{ name: "Foo", price: 42 }]);
tutorial006.get("/users/", { tags: ["users"] }, async () => [{ username: "johndoe" }]);
tutorial006.get("/elements/", { tags: ["items"], deprecated: true }, async () => [{ item_id: "Foo" }]);
