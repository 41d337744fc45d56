import type { NamedOperation } from "../app/documentation.ts";
import { replaceParameters } from "../app/path.ts";

/** A path in OpenAPI's notation: `/items/:item_id` as `/items/{item_id}`, with each name passed through `rename`. */
export function toTemplate(
  path: string,
  rename: (name: string) => string = (name) => (name === "*" ? WILDCARD : name),
): string {
  return replaceParameters(path, (name) => `{${rename(name)}}`);
}

/** The parameter name for `*`, which clients could not use as a name. */
export const WILDCARD = "path";

/** The name of an operation's handler; undefined if it has none of its own. */
export function handlerName({ name }: { readonly name: string }): string | undefined {
  return name === "" || name === "handler" ? undefined : name;
}

/** An operation's method and path in words: `get_items_item_id`. */
export function nameInWords(method: string, template: string): string {
  return [method, ...(template.match(/\w+/g) ?? ["root"])].join("_");
}

/** FastAPI's rule, for an operation whose handler has a name. */
export function operationId({ name, method, path }: Omit<NamedOperation, "tags">): string {
  return `${`${name}${path}`.replaceAll(/\W/g, "_")}_${method}`;
}

/** A name in words: `read_item` and `readItem` as "Read Item". */
export function toTitle(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").split(/[\s_]+/);
  return words
    .filter((word) => word !== "")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

/** Makes names unique: the second use of `list` is `list_2`. */
export function uniqueNames(): (name: string) => string {
  const used = new Set<string>();
  return (name) => {
    let unique = name;
    for (let count = 2; used.has(unique); count++) unique = `${name}_${count}`;
    used.add(unique);
    return unique;
  };
}
