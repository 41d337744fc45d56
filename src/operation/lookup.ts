import type { FormValues } from "./form.ts";
import { headerValues } from "./headers.ts";
import type { RawRequest } from "./raw.ts";

/** How one finds, by name, what was sent in a place of the request. A name that came several times has all its values. */
export interface Lookup<Sent> {
  get(sent: Sent, name: string): unknown;
  entries(sent: Sent): Iterable<readonly [string, unknown]>;
}

/** In names and values: those of the path, the query and cookies. */
export const inRecord: Lookup<Readonly<Record<string, unknown>>> = {
  get: (values, name) => values[name],
  entries: (values) => Object.entries(values),
};

/** In the headers of a request. */
export const inHeaders: Lookup<RawRequest> = {
  get(request, name) {
    const values = headerValues(request, name);
    return values.length > 1 ? values : values[0];
  },
  *entries(request) {
    const names = request.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    for (const name of new Set(names)) yield [name, this.get(request, name)];
  },
};

/** In a form. */
export const inForm: Lookup<FormValues> = {
  get(values, name) {
    const found = values.get(name);
    return found === undefined || found.length > 1 ? found : found[0];
  },
  *entries(values) {
    for (const name of values.keys()) yield [name, this.get(values, name)];
  },
};
