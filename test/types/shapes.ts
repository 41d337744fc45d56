import { type } from "arktype";
import { App, type Context, depends, type Handler, type OperationOptions, Router } from "offloop";
import * as v from "valibot";
import { z } from "zod";

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that must not compile. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void {}

const app = new App();
const page = depends(async () => 1);
const user = depends(async () => ({ name: "ada" }));

// Options that stand elsewhere, whole or in part.
const listing = { query: { skip: z.int().default(0) }, deps: { page } };
app.get("/listing", listing, async ({ query, page }) => {
  same<typeof query.skip, number>();
  same<typeof page, number>();
});
app.get("/spread/:id", { ...listing, params: { id: z.int() }, tags: ["a"] }, ({ params, query, page }) => {
  same<typeof params.id, number>();
  same<typeof query.skip, number>();
  same<typeof page, number>();
});
const misspelt = { quary: { skip: z.int() }, deps: { page } };
const strange = { quary: 1 };
// @ts-expect-error no such option, also where the object was made elsewhere
app.get("/misspelt", misspelt, async () => 1);
// @ts-expect-error a dependency has no such option
depends(misspelt, async () => 1);
// @ts-expect-error nor where it is the only one
app.get("/strange", strange, async () => 1);
// @ts-expect-error nor in a dependency
depends(strange, async () => 1);

// Options of which only the kind is known.
declare const options: OperationOptions;
declare const path: `/loop/${string}`;
app.get(path, { ...options, runs: "loop" }, async () => 1);

// What a router needs, an operation receives, under names of its own as its own.
const router = new Router({ deps: { user, page } });
router.get("/:id", { params: { id: z.int() }, deps: { page: user } }, async ({ params, user, page }) => {
  same<typeof params.id, number>();
  same<typeof user.name, string>();
  same<typeof page, { name: string }>();
});
// @ts-expect-error neither it nor its routers need this
router.get("/other", { query: { q: z.string() } }, async ({ other }) => other);

// A context and a handler may be named.
type Shown = Context<"/items/:id", { params: { id: z.ZodInt }; query: { q: z.ZodString } }>;
const show = ({ params, query }: Shown): string => `${params.id.toFixed()} ${query.q.trim()}`;
app.get("/items/:id", { params: { id: z.int() }, query: { q: z.string() } }, async (context) =>
  show(context),
);
const answer: Handler<"/named/:name"> = ({ params }) => params.name;
app.get("/named/:name", answer);
app.get("/named/:name", { tags: ["named"] }, answer);

// Libraries beside each other; a generator's items are checked against their schemas.
app.post(
  "/libraries",
  {
    query: { skip: type("number"), take: v.number() },
    body: { name: v.string() },
    response: type({ n: "number" }),
  },
  async function* ({ query, body }) {
    same<typeof query.skip, number>();
    same<typeof query.take, number>();
    same<typeof body.name, string>();
    yield { n: query.skip };
  },
);
// @ts-expect-error an item of another type
app.get("/items", { response: v.object({ n: v.number() }) }, function* () {
  yield { n: "one" };
});
