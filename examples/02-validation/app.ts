import { App, HTTPError, param } from "offloop";
import { z } from "zod";
import { Order, Receipt } from "./models.ts";

const app = new App({ title: "Validation" });

/** Query parameters shared by several operations. */
const page = { skip: z.int().min(0).default(0), limit: z.int().min(1).max(100).default(20) };
const menu = ["espresso", "flat white", "mate", "tea"];

// Text in the URL is converted to what the schema wants: ?limit=5 is a number, ?tag=a&tag=b a list.
app.get(
  "/drinks",
  { query: { ...page, q: z.string().min(2).optional(), tag: z.array(z.string()).default([]) } },
  async ({ query: { skip, limit, q = "", tag } }) => ({
    drinks: menu.filter((drink) => drink.includes(q)).slice(skip, skip + limit),
    tag,
  }),
);

// Headers and cookies work the same way: x_request_source reads X-Request-Source; an alias reads any other name.
app.get(
  "/visitor",
  {
    headers: { x_request_source: z.enum(["web", "app"]).default("web") },
    cookies: { visits: param(z.int().default(0), { alias: "visit-count" }) },
  },
  async ({ headers, cookies, response }) => {
    response.setCookie("visit-count", String(cookies.visits + 1), { httpOnly: true, maxAge: 3600 });
    return { source: headers.x_request_source, visits: cookies.visits };
  },
);

// A single schema for all query parameters can refuse unknown ones.
app.get("/strict", { query: z.strictObject(page) }, async ({ query }) => query);

// The body is checked on the way in. On the way out `response` drops what the client should not see.
app.post(
  "/orders",
  { body: Order, response: Receipt, status: 201, tags: ["orders"], summary: "Order drinks" },
  async ({ body }) => {
    const unknown = body.lines.find(({ drink }) => !menu.includes(drink));
    if (unknown !== undefined) throw new HTTPError(404, `There is no ${unknown.drink}`);
    const cups = body.lines.reduce((sum, { cups }) => sum + cups, 0);
    return { ...body, cups, costInCents: cups * 90 };
  },
);

export default app;
