import { HTTPError, text, ValidationError } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

const items: Record<string, string> = { foo: "The Foo Wrestlers" };
const params = { item_id: z.int() };

export const tutorial001 = createApp();
tutorial001.get("/items/:item_id", async ({ params }) => {
  if (!(params.item_id in items)) throw new HTTPError(404, "Item not found");
  return { item: items[params.item_id] };
});

export const tutorial002 = createApp();
tutorial002.get("/items-header/:item_id", async ({ params }) => {
  if (!(params.item_id in items))
    throw new HTTPError(404, "Item not found", { "X-Error": "There goes my error" });
  return { item: items[params.item_id] };
});

class UnicornError extends Error {
  readonly unicorn: string;
  constructor(unicorn: string) {
    super(unicorn);
    this.unicorn = unicorn;
  }
}
export const tutorial003 = createApp();
tutorial003.onError(UnicornError, async ({ unicorn }, { response }) => {
  response.status = 418;
  return { message: `Oops! ${unicorn} did something. There goes a rainbow...` };
});
tutorial003.get("/unicorns/:name", async ({ params }) => {
  if (params.name === "yolo") throw new UnicornError(params.name);
  return { unicorn_name: params.name };
});

export const tutorial004 = createApp();
tutorial004.onError(HTTPError, ({ detail, status }) => text(String(detail), { status }));
tutorial004.onError(ValidationError, async ({ details }) =>
  text(
    `Validation errors:${details.map(({ loc, msg }) => `\nField: ('${loc.join("', '")}'), Error: ${msg}`).join("")}`,
    { status: 400 },
  ),
);
addItem(tutorial004);

export const tutorial005 = createApp();
tutorial005.onError(ValidationError, async ({ details, body }) => ({ detail: details, body }));
tutorial005.post(
  "/items/",
  { body: z.object({ title: z.string(), size: z.int() }) },
  async ({ body }) => body,
);

export const tutorial006 = createApp();
tutorial006.onError(HTTPError, async ({ detail }) => ({ detail }));
addItem(tutorial006);

function addItem(app: ReturnType<typeof createApp>): void {
  app.get("/items/:item_id", { params }, async ({ params }) => {
    if (params.item_id === 3) throw new HTTPError(418, "Nope! I don't like 3.");
    return { item_id: params.item_id };
  });
}
