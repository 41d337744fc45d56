import querystring from "fast-querystring";

/** What a query says, by name. A name that came several times has all its values. */
export type QueryValues = Readonly<Record<string, string | string[]>>;

/** Parses what stands behind the `?`; the same on both lanes, and in the router. */
export const parseQuery: (text: string) => QueryValues = querystring.parse as (text: string) => QueryValues;

/** What the query of a URL says. */
export function queryOf(url: string): QueryValues {
  const start = url.indexOf("?");
  return parseQuery(start === -1 ? "" : url.slice(start + 1));
}
