import { work } from "./routes.ts";

export { computeAndNote } from "./routes.ts";

/** Does what a route does. */
export function run(path: keyof typeof work): unknown {
  return work[path]?.();
}
