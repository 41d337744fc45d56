import { countServing } from "../errors/brand.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";

/** How many servers have a router or an app open. */
const servings = new WeakMap<object, number>();

/** Notes that routers are served from now on. Returns the function that ends this. */
export function beginServing(routers: readonly object[]): () => void {
  count(routers, 1);
  countServing(1);
  return () => {
    count(routers, -1);
    countServing(-1);
  };
}

function count(routers: readonly object[], change: number): void {
  for (const router of routers) servings.set(router, (servings.get(router) ?? 0) + change);
}

/**
 * What is open has read its declarations, here and in its threads: later ones would have no effect.
 *
 * @param doing - What would be added: `add GET /items`.
 * @throws {OffloopError} `OFFLOOP_APP_SERVED` for a router or an app that is served.
 */
export function checkUnserved(router: object, doing: string, at: SourceLocation): void {
  if ((servings.get(router) ?? 0) === 0) return;
  throw new OffloopError(
    "OFFLOOP_APP_SERVED",
    `Cannot ${doing}: the app is being served already, without it`,
    {
      at,
      fix: 'do it while the module loads: "await" at its top level, not in a function that nobody awaits',
    },
  );
}

/** The warning for an app without anything that answers. */
export function emptyApp({ location }: { readonly location: SourceLocation }): OffloopError {
  return new OffloopError("OFFLOOP_APP_EMPTY", "The app has no operations: every request gets a 404", {
    at: location,
    fix: 'add them while the module loads: "await" at its top level, not in a function that nobody awaits',
  });
}
