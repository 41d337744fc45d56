import querystring from "fast-querystring";

/** What a query says, by name. A name that came several times has all its values. */
export type QueryValues = Readonly<Record<string, string | string[]>>;

/** Parses what stands behind the `?`; the same on both lanes, and in the router. */
export const parseQuery: (text: string) => QueryValues = querystring.parse as (text: string) => QueryValues;

/** Whether a query or an urlencoded body has no more than so many pairs. Counts no further. */
export function hasAtMost(text: string, maxPairs: number): boolean {
  if (text.length < 2 * maxPairs) return true;
  let at = -1;
  for (let pairs = 1; pairs <= maxPairs; pairs++) {
    at = text.indexOf("&", at + 1);
    if (at === -1) return true;
  }
  return false;
}

/** What the query of a URL says. */
export function queryOf(url: string): QueryValues {
  const start = url.indexOf("?");
  return parseQuery(start === -1 ? "" : url.slice(start + 1));
}
