import type { FormValues } from "./form.ts";
import { headerValues } from "./headers.ts";
import type { RawRequest } from "./raw.ts";

/** How one finds, by name, what was sent in a place of the request. A name that came several times has all its values. */
export interface Lookup<Sent> {
  get(sent: Sent, name: string): unknown;
  entries(sent: Sent): Iterable<readonly [string, unknown]>;
  /** Of several values the first counts; else the last. */
  readonly takesFirst: boolean;
  /** Whether a mistake may show what was sent under a name that is not declared. */
  shows(name: string): boolean;
}

const showsAll = (): boolean => true;

/** In names and values: those of the path, the query and cookies. */
export const inRecord: Lookup<Readonly<Record<string, unknown>>> = {
  get: (values, name) => values[name],
  entries: (values) => Object.entries(values),
  takesFirst: false,
  shows: showsAll,
};

const credentials = new Set(["authorization", "proxy-authorization", "cookie"]);

/** In the headers of a request. */
export const inHeaders: Lookup<RawRequest> = {
  get(request, name) {
    const values = headerValues(request, name);
    return values.length > 1 ? values : values[0];
  },
  entries({ headers }) {
    const found = new Map<string, string | string[]>();
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = (headers[i] ?? "").toLowerCase();
      const value = headers[i + 1] ?? "";
      const known = found.get(name);
      if (known === undefined) found.set(name, value);
      else if (typeof known === "string") found.set(name, [known, value]);
      else known.push(value);
    }
    return found;
  },
  takesFirst: true,
  shows: (name) => !credentials.has(name),
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
  takesFirst: false,
  shows: showsAll,
};
