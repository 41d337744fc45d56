import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import type { Layer } from "./layer.ts";
import type { Operation } from "./operation.ts";

/** An app mounted within another. */
export interface Mount<App> {
  /** The prefix of its paths: `/admin`. */
  readonly path: string;
  readonly app: App;
  readonly location: SourceLocation;
}

/**
 * @param doing - What the mistake prevents: "mount an app".
 * @throws {OffloopError} `OFFLOOP_PATH_INVALID` when nothing could be found under the path.
 */
export function checkMountPath(doing: string, path: unknown, at: SourceLocation): asserts path is string {
  if (typeof path === "string" && /^(\/[^/:*{}?#%\s]+)+$/.test(path)) return;
  throw new OffloopError("OFFLOOP_PATH_INVALID", `Cannot ${doing} at ${shownValue(path)}`, {
    at,
    fix: 'use a path without names, spaces, percent signs or a last slash, like "/admin"',
  });
}

/** The same operation in a mounted app. */
export function mountOperation(
  operation: Operation,
  mountedAt: string,
  outerLayers: readonly Layer[],
): Operation {
  const path = mountedAt + operation.path;
  return { ...operation, id: `${operation.method} ${path}`, path, mountedAt, outerLayers };
}

/** The error for an app that would be mounted in itself. */
export function mountCycle(at: SourceLocation): OffloopError {
  return new OffloopError("OFFLOOP_ROUTER_CYCLE", "Cannot mount an app: it would be mounted in itself", {
    at,
    fix: "mount each app on one side only",
  });
}
