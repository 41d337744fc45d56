import type { FormValues } from "./form.ts";
import { headerValues, readCookies } from "./headers.ts";
import type { RawRequest } from "./raw.ts";

/** What was sent in one place of the request, by name. A name that came several times has all its values. */
export interface Lookup {
  get(name: string): unknown;
  entries(): Iterable<readonly [string, unknown]>;
}

type Values = Readonly<Record<string, unknown>>;

/** The places parameters are read from. */
export const lookups = {
  params: ({ params = {} }: RawRequest): Lookup => ofRecord(params),

  query: ({ query }: RawRequest): Lookup => ofRecord(query),

  headers: (request: RawRequest): Lookup => ({
    get(name) {
      const values = headerValues(request, name);
      return values.length > 1 ? values : values[0];
    },
    *entries() {
      const names = request.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
      for (const name of new Set(names)) yield [name, this.get(name)] as const;
    },
  }),

  cookies: (request: RawRequest): Lookup => ofRecord(readCookies(request)),

  form: (values: FormValues = new Map()): Lookup => ({
    get(name) {
      const found = values.get(name);
      return found === undefined || found.length > 1 ? found : found[0];
    },
    *entries() {
      for (const name of values.keys()) yield [name, this.get(name)] as const;
    },
  }),
};

function ofRecord(values: Values): Lookup {
  return { get: (name) => values[name], entries: () => Object.entries(values) };
}
