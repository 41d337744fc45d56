import type { SourceLocation } from "../errors/source-location.ts";
import { type Dependencies, type NamedDependency, namedDependencies } from "./dependency.ts";
import type { OperationDocumentation, ResponseDocumentations } from "./documentation.ts";
import { checkPrefix } from "./path.ts";

/** Options of a router, and of including one. */
export interface RouterOptions<RD extends Dependencies = Dependencies> {
  /** Put before every path; starts with a slash and does not end with one. Default none. */
  readonly prefix?: string;
  /** Tags of every operation, before its own. Default none. */
  readonly tags?: readonly string[];
  /** What every operation needs, before its own; handlers receive it by name. Default none. */
  readonly deps?: RD;
  /** Responses that every operation may give, which its own of the same status replace. Default none. */
  readonly responses?: Partial<ResponseDocumentations>;
  /** Whether clients should stop using all of it. Default false. */
  readonly deprecated?: boolean;
  /** Whether the OpenAPI document leaves all of it out. Default false. */
  readonly hidden?: boolean;
}

/** What routers add to every operation in them. */
export interface RouterPlace {
  readonly prefix: string;
  readonly tags: readonly string[];
  readonly deps: readonly NamedDependency[];
  readonly documentation: SharedDocumentation;
}

/** What a router's operations have in common in the document. */
type SharedDocumentation = Pick<OperationDocumentation, "responses" | "deprecated" | "hidden">;

/** Where nothing is added. */
export const nowhere: RouterPlace = { prefix: "", tags: [], deps: [], documentation: {} };

/** The part of the options that matters to operations, checked. */
export function placeOf(what: string, options: RouterOptions, at: SourceLocation): RouterPlace {
  const { prefix = "", tags = [], deps = {} } = options;
  checkPrefix(prefix, at);
  return { prefix, tags, deps: namedDependencies(what, deps, at), documentation: sharedBy(options) };
}

/** A place inside another. */
export function within(outer: RouterPlace, inner: RouterPlace): RouterPlace {
  return {
    prefix: outer.prefix + inner.prefix,
    tags: [...outer.tags, ...inner.tags],
    deps: [...outer.deps, ...inner.deps],
    documentation: documentedWithin(outer.documentation, inner.documentation),
  };
}

/** The documentation of what stands in a router: it adds responses, and can be more deprecated or hidden, not less. */
export function documentedWithin<D extends SharedDocumentation>(outer: SharedDocumentation, inner: D): D {
  const { responses, deprecated, hidden } = outer;
  if (responses === undefined && deprecated !== true && hidden !== true) return inner;
  return {
    ...inner,
    ...(responses === undefined ? {} : { responses: { ...responses, ...inner.responses } }),
    ...(deprecated === true ? { deprecated } : {}),
    ...(hidden === true ? { hidden } : {}),
  };
}

function sharedBy({ responses, deprecated, hidden }: RouterOptions): SharedDocumentation {
  return {
    ...(responses === undefined ? {} : { responses }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(hidden === undefined ? {} : { hidden }),
  };
}
