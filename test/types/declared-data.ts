import { App, depends, file, html, Router, type UploadedFile } from "offloop";
import { override, testClient } from "offloop/testing";
import { z } from "zod";

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that must not compile. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void {}

const app = new App();
const page = depends({ query: { skip: z.int().default(0) } }, async ({ query }) => query.skip);
const db = depends(async function* () {
  yield { find: (id: number) => ({ id, name: "x" }) };
});
const plain = depends(function* () {
  yield "text";
});
const user = depends(
  { deps: { db }, headers: { x_token: z.string() } },
  ({ db, headers, request, ...rest }) => {
    same<typeof headers.x_token, string>();
    // @ts-expect-error it does not need this
    rest.page;
    return { ...db.find(1), url: request.url };
  },
);

app.get("/:id", { deps: { page, db, plain, user } }, async ({ page, db, plain, user, params }) => {
  same<typeof page, number>();
  same<typeof plain, string>();
  same<typeof user, { url: string; id: number; name: string }>();
  same<typeof params.id, string>();
  // @ts-expect-error it takes a number
  db.find("1");
});
// @ts-expect-error a function is no dependency
app.get("/", { deps: { db: () => 1 } }, async () => 1);
// @ts-expect-error nothing of this name is declared
app.get("/", { deps: { page } }, async ({ other }) => other);
// @ts-expect-error no such scope
depends(async () => 1, { scope: "for ever" });

const routed = new Router({ prefix: "/routed", deps: { user } });
routed.get("/", async ({ user }) => same<typeof user.name, string>());
routed.get("/both", { deps: { page } }, async ({ user, page }) => {
  same<typeof user.name, string>();
  same<typeof page, number>();
});
app.include(routed);

app.post(
  "/form",
  { form: { note: z.string(), file: z.file(), files: z.array(z.file()), maybe: z.file().optional() } },
  ({ form }) => {
    same<typeof form.note, string>();
    same<typeof form.file, UploadedFile>();
    same<typeof form.files, UploadedFile[]>();
    same<typeof form.maybe, UploadedFile | undefined>();
  },
);
// What is not plain data stays what the schema has made of it.
class Price {
  readonly #cents: number;
  constructor(text: string) {
    this.#cents = Number(text) * 100;
  }
  get cents(): number {
    return this.#cents;
  }
}
const Name = z.string().brand("Name");
app.post(
  "/made",
  {
    form: {
      at: z.coerce.date(),
      name: Name,
      price: z.string().transform((text) => new Price(text)),
      seen: z.array(z.string()).transform((texts) => new Set(texts)),
      link: z.string().transform((text) => new URL(text)),
      pair: z.tuple([z.file(), z.string()]),
      frozen: z.array(z.file()).readonly(),
      choice: z.union([z.file(), Name]),
      nested: z.object({ file: z.file().optional(), at: z.date(), note: z.string() }),
    },
  },
  ({ form }) => {
    same<typeof form.at, Date>();
    same<typeof form.name, z.output<typeof Name>>();
    same<typeof form.price, Price>();
    same<typeof form.seen, Set<string>>();
    same<typeof form.link, URL>();
    same<typeof form.pair, [UploadedFile, string]>();
    same<typeof form.frozen, readonly UploadedFile[]>();
    same<typeof form.choice, UploadedFile | z.output<typeof Name>>();
    same<typeof form.nested.file, UploadedFile | undefined>();
    same<typeof form.nested.at, Date>();
  },
);
app.post("/bodies", { body: { item: z.object({ a: z.int() }), n: z.number() } }, async ({ body }) => {
  same<typeof body.item.a, number>();
  same<typeof body.n, number>();
});
app.get("/model", { query: z.object({ q: z.string() }) }, async ({ query }) =>
  same<typeof query.q, string>(),
);

const Out = z.object({ name: z.string(), n: z.int().default(1) });
app.get("/out", { response: Out }, async () => ({ name: "a" }));
app.get("/out", { response: Out }, () => html("a reply is a response too"));
app.get("/out", { response: Out }, async () => file("a.txt"));
app.get("/out", { response: Out }, function* () {
  yield { name: "a" };
});
// @ts-expect-error it returns something else
app.get("/out", { response: Out }, async () => ({ name: 1 }));
// @ts-expect-error it yields something else
app.get("/out", { response: Out }, function* () {
  yield 1;
});

class Teapot extends Error {
  readonly size = 1;
}
app.onError(Teapot, async (error, { response }) => {
  same<typeof error.size, 1>();
  response.status = 418;
  // @ts-expect-error an error has no inputs
  response.body;
});

void testClient(app, { overrides: [override(page, 3)] });
// @ts-expect-error a value of another type
override(page, "3");
