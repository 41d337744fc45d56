import type { SourceLocation } from "../errors/source-location.ts";
import { type Dependencies, type NamedDependency, namedDependencies } from "./dependency.ts";
import { checkPrefix } from "./path.ts";

/** Options of a router, and of including one. */
export interface RouterOptions<RD extends Dependencies = Dependencies> {
  /** Put before every path; starts with a slash and does not end with one. Default none. */
  readonly prefix?: string;
  /** Tags of every operation, before its own. Default none. */
  readonly tags?: readonly string[];
  /** What every operation needs, before its own; handlers receive it by name. Default none. */
  readonly deps?: RD;
}

/** What routers add to every operation in them. */
export interface RouterPlace {
  readonly prefix: string;
  readonly tags: readonly string[];
  readonly deps: readonly NamedDependency[];
}

/** The part of the options that matters to operations, checked. */
export function placeOf(what: string, options: RouterOptions, at: SourceLocation): RouterPlace {
  const { prefix = "", tags = [], deps = {} } = options;
  checkPrefix(prefix, at);
  return { prefix, tags, deps: namedDependencies(what, deps, at) };
}

/** A place inside another. */
export function within(outer: RouterPlace, inner: RouterPlace): RouterPlace {
  return {
    prefix: outer.prefix + inner.prefix,
    tags: [...outer.tags, ...inner.tags],
    deps: [...outer.deps, ...inner.deps],
  };
}
