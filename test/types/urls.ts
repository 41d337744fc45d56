import { App, type OperationHandle, type RequestInfo, Router } from "offloop";
import { z } from "zod";

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that must not compile. */
const app = new App();
const list = app.get("/items", async () => []);
const read = app.get("/users/:user_id/files/*", async ({ params }) => params.user_id);
const write = app.put(
  "/items/:id/:kind/:at/:name",
  { params: { id: z.int(), kind: z.enum(["book", "tea"]), at: z.date(), name: z.string().default("x") } },
  ({ params }) => params.id,
);
const both = app.route(["PUT", "PATCH"], "/both/:id", { params: { id: z.int() } }, () => 1);
declare const anyPath: string;
const anywhere = app.get(anyPath, () => 1);

app.urlFor(list);
app.urlFor(list, {});
app.urlFor(read, { user_id: 7, "*": "a/b.txt" });
app.urlFor(write, { id: 7, kind: "tea", at: "2026-01-01", name: "x" });
app.urlFor(both, { id: 7 });
app.urlFor(anywhere);
app.urlFor(anywhere, { whatever: 1 });

// @ts-expect-error the path has a name
app.urlFor(both);
// @ts-expect-error the path has a name
app.urlFor(both, {});
// @ts-expect-error one of two names
app.urlFor(read, { user_id: 7 });
// @ts-expect-error another name
app.urlFor(both, { ids: 7 });
// @ts-expect-error its schema accepts numbers
app.urlFor(both, { id: "seven" });
// @ts-expect-error its schema knows no coffee
app.urlFor(write, { id: 7, kind: "coffee", at: "2026-01-01", name: "x" });
// @ts-expect-error a date cannot be written into a path, in one way only
app.urlFor(write, { id: 7, kind: "tea", at: new Date(), name: "x" });
// @ts-expect-error no operation
app.urlFor(() => 1);

// By name nothing but the kind of values is known.
app.urlFor("read_item");
app.urlFor("read_item", { item_id: 7 });
// @ts-expect-error an object cannot be written into a path
app.urlFor("read_item", { item_id: {} });

// A prefix may have names; the type of an operation does not say so.
const router = new Router({ prefix: "/shops/:shop" });
const readBook = router.get("/books/:book", ({ params }) => params.book);
app.urlFor(readBook, { shop: "tea", book: 7 });

// From a handler of its own: its result has to be written down.
const page = app.get(
  "/pages/:page",
  { params: { page: z.int() } },
  async ({ request, params }): Promise<string> => request.urlFor(page, { page: params.page + 1 }),
);
declare const request: RequestInfo;
request.urlFor(page, { page: 2 });
// @ts-expect-error its schema accepts numbers
request.urlFor(page, { page: "two" });

// Optional: the router answers without it, too.
const chapter = app.get("/books/:book/:chapter?", { params: { book: z.int() } }, ({ params }) => {
  // @ts-expect-error it may be undefined
  params.chapter.length;
  return params.book;
});
app.urlFor(chapter, { book: 7 });
app.urlFor(chapter, { book: 7, chapter: "one" });
app.urlFor(chapter, { book: 7, chapter: undefined });
// @ts-expect-error the other is not optional
app.urlFor(chapter, { book: undefined });
// @ts-expect-error the other is not optional
app.urlFor(chapter, { chapter: "one" });
const chapters = app.get("/chapters/:chapter?", () => 1);
app.urlFor(chapters);

// Any operation, where it does not matter which.
const all: readonly OperationHandle[] = [list, read, write, both, anywhere, readBook];
for (const one of all) app.urlFor(one, { id: 7 });
