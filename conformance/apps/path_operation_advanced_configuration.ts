import { HTTPError } from "offloop";
import { parse as parseYaml, YAMLError } from "yaml";
import { z } from "zod";
import { createApp } from "../lane.ts";
import { description, Item } from "../models/item.ts";

async function read_items() {
  return [{ item_id: "Foo" }];
}

export const tutorial001 = createApp();
tutorial001.get("/items/", { operationId: "some_specific_id_you_define" }, read_items);

export const tutorial002 = createApp({ operationId: ({ name }) => name });
tutorial002.get("/items/", read_items);

export const tutorial003 = createApp();
tutorial003.get("/items/", { hidden: true }, read_items);

export const tutorial004 = createApp();
tutorial004.post(
  "/items/",
  {
    body: Item,
    response: Item,
    summary: "Create an item",
    description,
  },
  async ({ body }) => body,
);

export const tutorial005 = createApp();
tutorial005.get("/items/", { openapiExtra: { "x-aperture-labs-portal": "blue" } }, async () => [
  { item_id: "portal-gun" },
]);

/** The body is described by hand and read as sent. */
export const tutorial006 = createApp();
const magicItem = z.object({ name: z.string(), price: z.number(), description: z.string().optional() });
tutorial006.post(
  "/items/",
  { openapiExtra: requestBody("application/json", magicItem) },
  async ({ request }) => ({
    size: request.bytes.length,
    content: { name: "Maaaagic", price: 42, description: "Just kiddin', no magic here. ✨" },
  }),
);

export const tutorial007 = createApp();
const TaggedItem = z.object({ name: z.string(), tags: z.array(z.string()) });
tutorial007.post(
  "/items/",
  { openapiExtra: requestBody("application/x-yaml", TaggedItem) },
  async ({ request }) => {
    const item = TaggedItem.safeParse(readYaml(request.bytes), { reportInput: true });
    if (item.success) return item.data;
    const detail = item.error.issues.map(({ code: type, path: loc, message: msg, input }) => ({
      type,
      loc,
      msg,
      input,
    }));
    throw new HTTPError(422, detail);
  },
);

function requestBody(mediaType: string, schema: z.ZodType) {
  const { $schema, ...json } = z.toJSONSchema(schema, { io: "input" });
  return { requestBody: { content: { [mediaType]: { schema: json } }, required: true } };
}

function readYaml(bytes: Uint8Array): unknown {
  try {
    return parseYaml(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof YAMLError) throw new HTTPError(422, "Invalid YAML");
    throw error;
  }
}
