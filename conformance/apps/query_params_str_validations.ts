import type { StandardSchemaV1 } from "@standard-schema/spec";
import { param } from "offloop";
import { z } from "zod";
import { createApp } from "../lane.ts";

const items = [{ item_id: "Foo" }, { item_id: "Bar" }];

/** The tutorial's one operation, with each chapter's rule for `q`. */
function search(q: StandardSchemaV1<unknown, string | null | undefined>) {
  const app = createApp();
  app.get("/items/", { query: { q } }, async ({ query }) => (query.q ? { items, q: query.q } : { items }));
  return app;
}

const limited = z.string().min(3).max(50);
const described = {
  title: "Query string",
  description: "Query string for the items to search in the database that have a good match",
};

export const tutorial001 = search(z.string().optional());
export const tutorial002 = search(z.string().max(50).optional());
export const tutorial003 = search(limited.optional());
export const tutorial004 = search(limited.regex(/^fixedquery$/).optional());
export const tutorial005 = search(z.string().min(3).default("fixedquery"));
export const tutorial006 = search(z.string().min(3));
export const tutorial006c = search(z.string().min(3).nullable());
export const tutorial007 = search(z.string().min(3).optional().meta({ title: "Query string" }));
export const tutorial008 = search(z.string().min(3).optional().meta(described));
export const tutorial009 = search(param(z.string().optional(), { alias: "item-query" }));
export const tutorial010 = search(
  param(
    limited
      .regex(/^fixedquery$/)
      .optional()
      .meta(described),
    { alias: "item-query", deprecated: true },
  ),
);

function echo(q: StandardSchemaV1<unknown, unknown>) {
  const app = createApp();
  app.get("/items/", { query: { q } }, async ({ query }) => ({ q: query.q ?? null }));
  return app;
}
export const tutorial011 = echo(z.array(z.string()).optional());
export const tutorial012 = echo(z.array(z.string()).default(["foo", "bar"]));
export const tutorial013 = echo(z.array(z.any()).default([]));

export const tutorial014 = createApp();
const hidden_query = param(z.string().optional(), { hidden: true });
tutorial014.get("/items/", { query: { hidden_query } }, async ({ query }) => ({
  hidden_query: query.hidden_query || "Not found",
}));

const titles: Record<string, string> = {
  "isbn-9781529046137": "The Hitchhiker's Guide to the Galaxy",
  "imdb-tt0371724": "The Hitchhiker's Guide to the Galaxy",
  "isbn-9781439512982": "Isaac Asimov: The Complete Stories, Vol. 2",
};
export const tutorial015 = createApp();
const id = z
  .string()
  .refine((value) => /^(?:isbn|imdb)-/.test(value), "Invalid ID format, it must start with isbn- or imdb-");
tutorial015.get("/items/", { query: { id: id.optional() } }, async ({ query }) => {
  const ids = Object.keys(titles);
  const chosen = query.id ?? ids[Math.floor(Math.random() * ids.length)] ?? "";
  return { id: chosen, name: titles[chosen] ?? null };
});
