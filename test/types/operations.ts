import { App, Router } from "offloop";
import { z } from "zod";

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that must not compile. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void {}

const app = new App();

app.get("/plain", () => "ok");

app.get("/users/:user_id/files/:file.png/*", async ({ params, query, body }) => {
  same<typeof params.user_id, string>();
  same<typeof params.file, string>();
  same<(typeof params)["*"], string>();
  same<typeof body, undefined>();
  // @ts-expect-error the path has no such name
  params.other;
  // @ts-expect-error no query parameter is declared
  query.limit;
});

app.post(
  "/items/:item_id",
  {
    params: { item_id: z.int() },
    query: { limit: z.int().default(10), q: z.string().optional(), tags: z.array(z.string()) },
    headers: { x_token: z.string() },
    cookies: { session: z.string().transform((text) => text.length) },
    body: z.object({ name: z.string(), price: z.number() }),
  },
  async ({ params, query, headers, cookies, body }) => {
    same<typeof params.item_id, number>();
    same<typeof query.limit, number>();
    same<typeof query.q, string | undefined>();
    same<typeof query.tags, string[]>();
    same<typeof headers.x_token, string>();
    same<typeof cookies.session, number>();
    same<typeof body, { name: string; price: number }>();
    // @ts-expect-error a wrong name
    query.limits;
    // @ts-expect-error inputs are read only
    query.limit = 1;
    // @ts-expect-error a wrong field
    body.nam;
  },
);

const shops = new Router({ prefix: "/shops/:shop/:floor" });
shops.get("/books/:book", async ({ params }) => {
  same<typeof params.shop, string>();
  same<typeof params.book, string>();
  // @ts-expect-error neither path nor prefix have the name
  params.other;
});
shops.route(["GET"], "/:id", { params: { shop: z.int() } }, ({ params }) =>
  same<typeof params.shop, number>(),
);
shops.websocket("/:id", { params: { shop: z.int() } }, async ({ params }) => {
  same<typeof params.shop, number>();
  same<typeof params.floor, string>();
});
// @ts-expect-error neither path nor prefix have the name
shops.get("/:id", { params: { other: z.int() } }, () => 1);
const prefixed = new App({ prefix: "/v/:version" });
prefixed.get("/", async ({ params }) => same<typeof params.version, string>());
/** What adds to any router takes one with a prefix, too. */
const addTo = (router: Router): unknown => router.get("/:id", async ({ params }) => params.id);
addTo(shops);
addTo(prefixed);
declare const anyPrefix: string;
new Router({ prefix: anyPrefix }).get("/:id", async ({ params }) => same<typeof params.id, string>());

// @ts-expect-error params may only name what is in the path
app.get("/items/:item_id", { params: { id: z.int() } }, () => 1);
// @ts-expect-error a schema is not a string
app.get("/", { query: { q: "string" } }, () => 1);
// @ts-expect-error no such option
app.get("/", { querry: { q: z.string() } }, () => 1);
// @ts-expect-error no such lane
app.get("/", { runs: "cloud" }, () => 1);

const resize = app.task("resize", (path: string, width: number) => `${path} ${width}`);
const notify = app.task("notify", { runs: "loop" }, async (id: number) => ({ id }));
same<ReturnType<typeof resize>, Promise<string>>();
same<ReturnType<typeof notify>, Promise<{ id: number }>>();

app.get("/tasks", async ({ background }) => {
  background.add(resize, "a.png", 200);
  background.add(notify, 1);
  background.add(async (note: string) => note, "later");
  // @ts-expect-error a wrong argument
  background.add(resize, "a.png", "200");
  // @ts-expect-error an argument is missing
  background.add(resize, "a.png");
  // @ts-expect-error an argument too many
  background.add(notify, 1, 2);
  // @ts-expect-error a plain function has no name a thread could find
  background.add((note: string) => note.length, "later");
  // @ts-expect-error a wrong argument of a direct call
  await resize(200, "a.png");
});

declare const anyPath: string;
app.get(anyPath, ({ params }) => {
  same<(typeof params)[string], string>();
});
