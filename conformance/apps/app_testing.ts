import { HTTPError } from "offloop";
import { z } from "zod";
import { createApp, depends } from "../lane.ts";

function hello() {
  const app = createApp();
  app.get("/", async () => ({ msg: "Hello World" }));
  return app;
}
export const app_a = hello();
export const tutorial001 = hello();
export const tutorial002 = hello();
tutorial002.websocket("/ws", async ({ socket }) => {
  await socket.send({ msg: "Hello WebSocket" });
});

const items: Record<string, object> = {
  foo: { id: "foo", title: "Foo", description: "There goes my hero" },
  bar: { id: "bar", title: "Bar", description: "The bartenders" },
};
const Item = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string().nullable().default(null),
});
const token = depends({ headers: { x_token: z.string() } }, async ({ headers }) => {
  if (headers.x_token !== "coneofsilence") throw new HTTPError(400, "Invalid X-Token header");
});
export const app_b = createApp({ deps: { token } });
app_b.get("/items/:item_id", async ({ params }) => {
  if (!(params.item_id in items)) throw new HTTPError(404, "Item not found");
  return items[params.item_id];
});
app_b.post("/items/", { body: Item }, async ({ body }) => {
  if (body.id in items) throw new HTTPError(409, "Item already exists");
  return body;
});

/** Filled when the app is served, and emptied when it closes. */
function served() {
  const fighters: Record<string, object> = {};
  const app = createApp();
  app.lifespan(async function* () {
    fighters.foo = { name: "Fighters" };
    fighters.bar = { name: "Tenders" };
    yield;
    for (const name of Object.keys(fighters)) delete fighters[name];
  });
  app.get("/items/:item_id", async ({ params }) => fighters[params.item_id]);
  return app;
}
export const tutorial003 = served();
export const tutorial004 = served();
