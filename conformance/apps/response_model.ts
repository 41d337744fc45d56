import { redirect } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

const Item = z.object({
  name: z.string(),
  description: z.string().nullable().default(null),
  price: z.number(),
  tax: z.number().nullable().default(null),
  tags: z.array(z.string()).default([]),
});
const stored = [
  { name: "Portal Gun", price: 42 },
  { name: "Plumbus", price: 32 },
];

function itemApp() {
  const app = createApp();
  app.post("/items/", { body: Item, response: Item }, async ({ body }) => body);
  app.get("/items/", { response: z.array(Item) }, async () => stored);
  return app;
}
export const tutorial001 = itemApp();
export const tutorial001_01 = itemApp();

const UserOut = z.object({
  username: z.string(),
  email: z.email(),
  full_name: z.string().nullable().default(null),
});
const UserIn = UserOut.extend({ password: z.string() });

export const tutorial002 = createApp();
tutorial002.post("/user/", { body: UserIn, response: UserIn }, async ({ body }) => body);

export const tutorial003 = createApp();
tutorial003.post("/user/", { body: UserIn, response: UserOut }, async ({ body }) => body);
export const tutorial003_01 = tutorial003Copy();
function tutorial003Copy() {
  const app = createApp();
  app.post("/user/", { body: UserIn, response: UserOut }, async ({ body }) => body);
  return app;
}

const video = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";
function portal() {
  const app = createApp();
  app.get("/portal", { query: { teleport: z.boolean().default(false) } }, async ({ query }) =>
    query.teleport ? redirect(video) : { message: "Here's your interdimensional portal." },
  );
  return app;
}
export const tutorial003_02 = portal();
export const tutorial003_05 = portal();

export const tutorial003_03 = createApp();
tutorial003_03.get("/teleport", async () => redirect(video));

/** Unset fields are not sent. */
const SetItem = z.object({
  name: z.string(),
  description: z.string().nullable().optional(),
  price: z.number(),
  tax: z.number().optional().meta({ default: 10.5 }),
  tags: z.array(z.string()).optional().meta({ default: [] }),
});
const menu: Record<string, z.infer<typeof SetItem>> = {
  foo: { name: "Foo", price: 50.2 },
  bar: { name: "Bar", description: "The bartenders", price: 62, tax: 20.2 },
  baz: { name: "Baz", description: null, price: 50.2, tax: 10.5, tags: [] },
};
export const tutorial004 = createApp();
tutorial004.get("/items/:item_id", { response: SetItem }, async ({ params }) => menu[params.item_id]!);

const fighters: Record<string, z.infer<typeof SetItem>> = {
  ...menu,
  bar: { name: "Bar", description: "The Bar fighters", price: 62, tax: 20.2 },
};
function parts() {
  const app = createApp();
  const name = SetItem.pick({ name: true, description: true });
  app.get("/items/:item_id/name", { response: name }, async ({ params }) => fighters[params.item_id]!);
  const open = SetItem.omit({ tax: true });
  app.get("/items/:item_id/public", { response: open }, async ({ params }) => fighters[params.item_id]!);
  return app;
}
export const tutorial005 = parts();
export const tutorial006 = parts();
