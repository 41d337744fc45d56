import { App, depends, HTTPError, param, type RequestInfo, Router } from "offloop";
import {
  apiKeyHeader,
  httpBasic,
  oauth2AuthorizationCodeBearer,
  type SentCredentials,
} from "offloop/security";
import { z } from "zod";

const Picture = z.object({ url: z.url(), alt: z.string().nullish() }).meta({ id: "Picture" });
const Item = z
  .object({
    name: z.string().min(1),
    price: z.number().positive(),
    tags: z.array(z.string()).default([]),
    picture: Picture.nullable().default(null),
    get parts() {
      return z.array(Item).optional();
    },
  })
  .meta({ id: "Item", description: "Something to buy" });
const Moment = z
  .object({
    at: z.codec(z.iso.datetime(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString(),
    }),
    exact: z.stringbool(),
  })
  .meta({ id: "Moment" });
const Message = z.object({ detail: z.string() }).meta({ id: "Message" });

const basic = httpBasic({ realm: "shop" });
const key = apiKeyHeader("X-Key");
const token = oauth2AuthorizationCodeBearer("https://id.example/authorize", "https://id.example/token", {
  scopes: { "items:write": "Change items" },
});

const sentIn = ({ headers, url }: RequestInfo): SentCredentials => ({
  headers,
  query: new URL(url, "http://shop").searchParams,
  cookies: new Map(),
});

const page = depends(
  { query: { skip: z.int().default(0), most: param(z.int().default(100), { alias: "max-items" }) } },
  async ({ query }) => query,
);
const user = depends({ deps: { page }, headers: { x_user: z.string() } }, async ({ headers, page }) => ({
  name: headers.x_user,
  ...page,
}));

/** An app that has everything a document can say. */
const app = new App({
  title: "Shop",
  version: "1.2.3",
  summary: "Buy things",
  description: "A shop with **things**.",
  termsOfService: "https://shop.example/terms",
  contact: { name: "Ada", email: "ada@shop.example" },
  license: { name: "MIT", identifier: "MIT" },
  openapiTags: [
    { name: "items", description: "Things", externalDocs: { url: "https://shop.example/things" } },
  ],
  externalDocs: { url: "https://shop.example" },
  webhooks: { "new-item": { post: { body: Item, description: "There is a new item." } } },
});

app.get(
  "/items/:item_id",
  {
    params: { item_id: z.int().meta({ description: "Its number" }) },
    query: {
      q: z.string().max(50).optional().meta({ deprecated: true }),
      limit: z.int().min(1).max(100).default(10),
      sort: z.array(z.enum(["name", "price"])).optional(),
      secret: z.string().optional().meta({ hidden: true }),
    },
    headers: { x_trace: z.string().optional() },
    cookies: { session: z.string().optional() },
    tags: ["items"],
    responses: { 200: { schema: Item, description: "The item" }, 404: { schema: Message } },
    examples: { query: { q: { short: { summary: "A short one", value: "ax" } } } },
  },
  async function readItem({ params, query }) {
    if (params.item_id === 0) throw new HTTPError(404, "Item not found");
    return { name: `item ${params.item_id}`, price: query.limit, tags: query.sort ?? [], picture: null };
  },
);

app.post(
  "/items",
  {
    body: Item,
    response: Item,
    status: 201,
    tags: ["items"],
    examples: { body: { axe: { value: { name: "Axe", price: 5 } } } },
    callbacks: { sold: { "{$request.body#/picture/url}": { post: { body: Moment, response: Message } } } },
  },
  ({ body }) => body, // a plain function: runs on a thread
);

app.put("/moments", { body: Moment, responses: { 200: { schema: Moment } } }, async ({ body }) => ({
  at: body.at,
  exact: body.exact,
}));
const files = new Router({ prefix: "/files", tags: ["files"], responses: { 413: { schema: Message } } });
files.post(
  "/",
  {
    form: { file: z.file(), others: z.array(z.file()).optional(), note: z.string().nullable().default(null) },
  },
  async function upload({ form }) {
    return { name: form.file.name, size: (await form.file.bytes()).length, note: form.note };
  },
);
files.get("/*", { params: { "*": param(z.string(), { alias: "file_path" }) } }, async function readFile() {});
app.include(files);
app.post("/login", { form: { username: z.string(), password: z.string() } }, async function login({ form }) {
  return form.username;
});
app.put(
  "/pages",
  {
    deps: { user },
    body: { first: Item, count: z.bigint() },
    response: z.object({ name: z.string(), skip: z.int() }),
  },
  async function turnPage({ user }) {
    return user;
  },
);
app.get("/login", { security: [basic] }, async ({ request }) => basic.extract(sentIn(request)).username);
app.get("/key", { security: [key] }, async ({ request }) => key.extract(sentIn(request)));
app.delete(
  "/items/:item_id",
  { status: 204, deprecated: true, security: [{ scheme: token, scopes: ["items:write"] }] },
  async ({ request }) => void token.extract(sentIn(request)),
);
app.get("/internal", { hidden: true }, async () => "not in the document");
app.get(
  "/logo",
  { responseMediaType: "image/png", externalDocs: { url: "https://shop.example/logo" } },
  async () => "",
);

export default app;
