import { HTTPError } from "offloop";
import { z } from "zod";
import { createApp, depends } from "../lane.ts";

const paging = {
  q: z.string().nullable().default(null),
  skip: z.int().default(0),
  limit: z.int().default(100),
};
const common = depends({ query: paging }, async ({ query }) => query);

function commonApp() {
  const app = createApp();
  app.get("/items/", { deps: { common } }, async ({ common }) => common);
  app.get("/users/", { deps: { common } }, async ({ common }) => common);
  return app;
}
export const tutorial001 = commonApp();
export const tutorial001_02 = commonApp();

const items = [{ item_name: "Foo" }, { item_name: "Bar" }, { item_name: "Baz" }];
function listing() {
  const app = createApp();
  app.get("/items/", { deps: { common } }, async ({ common: { q, skip, limit } }) => ({
    q: q ?? undefined,
    items: items.slice(skip, skip + limit),
  }));
  return app;
}
export const tutorial002 = listing();
export const tutorial003 = listing();
export const tutorial004 = listing();

export const tutorial005 = createApp();
const extractor = depends({ query: { q: z.string().optional() } }, ({ query }) => query.q);
const queryOrCookie = depends(
  { deps: { extractor }, cookies: { last_query: z.string().optional() } },
  ({ extractor, cookies }) => extractor ?? cookies.last_query ?? null,
);
tutorial005.get("/items/", { deps: { queryOrCookie } }, async ({ queryOrCookie }) => ({
  q_or_cookie: queryOrCookie,
}));

const verifyToken = depends({ headers: { x_token: z.string() } }, async ({ headers }) => {
  if (headers.x_token !== "fake-super-secret-token") throw new HTTPError(400, "X-Token header invalid");
});
const verifyKey = depends({ headers: { x_key: z.string() } }, async ({ headers }) => {
  if (headers.x_key !== "fake-super-secret-key") throw new HTTPError(400, "X-Key header invalid");
  return headers.x_key;
});
export const tutorial006 = createApp();
tutorial006.get("/items/", { deps: { verifyToken, verifyKey } }, async () => [
  { item: "Foo" },
  { item: "Bar" },
]);

export const tutorial012 = createApp({ deps: { verifyToken, verifyKey } });
tutorial012.get("/items/", async () => [{ item: "Portal Gun" }, { item: "Plumbus" }]);
tutorial012.get("/users/", async () => [{ username: "Rick" }, { username: "Morty" }]);

const data: Record<string, { description: string; owner: string }> = {
  plumbus: { description: "Freshly pickled plumbus", owner: "Morty" },
  "portal-gun": { description: "Gun to create portals", owner: "Rick" },
};
class OwnerError extends Error {}
const username = depends(async function* () {
  try {
    yield "Rick";
  } catch (error) {
    if (error instanceof OwnerError) throw new HTTPError(400, `Owner error: ${error.message}`);
    throw error;
  }
});
export const tutorial008b = createApp();
tutorial008b.get("/items/:item_id", { deps: { username } }, ({ params, username }) => {
  const item = data[params.item_id];
  if (item === undefined) throw new HTTPError(404, "Item not found");
  if (item.owner !== username) throw new OwnerError(username);
  return item;
});

class InternalError extends Error {}
function strict(rethrow: boolean) {
  const name = depends(async function* () {
    try {
      yield "Rick";
    } catch (error) {
      if (!(error instanceof InternalError) || rethrow) throw error;
    }
  });
  const app = createApp();
  app.get("/items/:item_id", { deps: { name } }, ({ params, name }) => {
    if (params.item_id === "portal-gun")
      throw new InternalError(`The portal gun is too dangerous to be owned by ${name}`);
    if (params.item_id !== "plumbus") throw new HTTPError(404, "Item not found, there's only a plumbus here");
    return params.item_id;
  });
  return app;
}
export const tutorial008c = strict(false);
export const tutorial008d = strict(true);

const early = depends({ scope: "function" }, async function* () {
  yield "Rick";
});
export const tutorial008e = createApp();
tutorial008e.get("/users/me", { deps: { early } }, ({ early }) => early);

const checker = (fixed: string) =>
  depends({ query: { q: z.string().default("") } }, async ({ query }) => query.q.includes(fixed));
const fixedContent = checker("bar");
export const tutorial011 = createApp();
tutorial011.get("/query-checker/", { deps: { fixedContent } }, async ({ fixedContent }) => ({
  fixed_content_in_query: fixedContent,
}));

/** Something that is opened and closed. */
class Connection {
  isOpen = true;
  close(): void {
    this.isOpen = false;
  }
  toString(): string {
    return this.isOpen ? "<open connection>" : "<closed connection>";
  }
}
const a = depends(async function* () {
  const connection = new Connection();
  try {
    yield connection;
  } finally {
    connection.close();
  }
});
const b = depends({ deps: { a } }, async function* ({ a }) {
  yield a;
});
const c = depends({ deps: { b } }, async function* ({ b }) {
  yield b;
});
export const tutorial008 = createApp();
tutorial008.get("/", { deps: { c } }, async ({ c }) => ({ c: String(c) }));

class DisposableConnection extends Connection implements Disposable {
  [Symbol.dispose](): void {
    this.close();
  }
}
const db = depends(async function* () {
  using connection = new DisposableConnection();
  yield connection;
});
export const tutorial010 = createApp();
tutorial010.get("/", { deps: { db } }, async ({ db }) => ({ c: String(db) }));
