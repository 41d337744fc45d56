import { checkCopy } from "../errors/brand.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { kind } from "./lane.ts";
import type { Layer } from "./layer.ts";
import type { Operation } from "./operation.ts";

/** An app mounted within another. */
export interface Mount<App> {
  /** The prefix of its paths: `/admin`. */
  readonly path: string;
  readonly app: App;
  readonly location: SourceLocation;
}

/** @throws {OffloopError} `OFFLOOP_PATH_INVALID` when an app could not be found under the path. */
export function checkMountPath(path: unknown, at: SourceLocation): asserts path is string {
  if (typeof path === "string" && /^(\/[^/:*{}?#%\s]+)+$/.test(path)) return;
  throw new OffloopError("OFFLOOP_PATH_INVALID", `Cannot mount an app at ${shownValue(path)}`, {
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

/** The error for mounting something that is not an app. */
export function notMountable(given: unknown, at: SourceLocation): OffloopError {
  checkCopy(given, "mount an app", at);
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot mount an app: expected an App, got ${kind(given)}`,
    { at, fix: "include() a router, register() a Fastify plugin" },
  );
}

/** The error for an app that would be mounted in itself. */
export function mountCycle(at: SourceLocation): OffloopError {
  return new OffloopError("OFFLOOP_ROUTER_CYCLE", "Cannot mount an app: it would be mounted in itself", {
    at,
    fix: "mount each app on one side only",
  });
}
