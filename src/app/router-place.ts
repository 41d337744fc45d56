import type { SourceLocation } from "../errors/offloop-error.ts";
import { type Dependencies, type NamedDependency, namedDependencies } from "./dependency.ts";
import type { NamedOperation, OperationDocumentation } from "./documentation.ts";
import { checkPrefix } from "./path.ts";

/** Options of a router, and of including one. */
export interface RouterOptions<RD extends Dependencies = Dependencies> {
  /** Put before every path; starts with a slash and does not end with one. Default none. */
  readonly prefix?: string;
  /** Tags of every operation, before its own. Default none. */
  readonly tags?: readonly string[];
  /** What every operation needs, before its own; handlers receive it by name. Default none. */
  readonly deps?: RD;
  /** Whether clients should stop using all of its operations. Default false. */
  readonly deprecated?: boolean;
  /** Whether the OpenAPI document leaves out all of its operations. Default false. */
  readonly hidden?: boolean;
  /** Other responses that every operation may give; an operation's own of the same status counts. Default none. */
  readonly responses?: NonNullable<OperationDocumentation["responses"]>;
  /** Callbacks of every operation, besides its own. Default none. */
  readonly callbacks?: NonNullable<OperationDocumentation["callbacks"]>;
  /** The rule that names operations which do not say their `operationId`; the nearest router's counts. Default: FastAPI's. */
  readonly operationId?: (operation: NamedOperation) => string;
}

/** The names of all of them. */
export const routerOptionNames: Readonly<Record<keyof RouterOptions, true>> = {
  prefix: true,
  tags: true,
  deps: true,
  deprecated: true,
  hidden: true,
  responses: true,
  callbacks: true,
  operationId: true,
};

/** What routers say about every operation in them. */
type PlaceDocumentation = Pick<OperationDocumentation, "deprecated" | "hidden" | "responses" | "callbacks">;

/** What routers add to every operation in them. */
export interface RouterPlace {
  readonly prefix: string;
  readonly tags: readonly string[];
  readonly deps: readonly NamedDependency[];
  readonly documentation: PlaceDocumentation;
  readonly operationIdRule: ((operation: NamedOperation) => string) | undefined;
}

/** Where an operation is that no router says anything about. */
export const nowhere: RouterPlace = {
  prefix: "",
  tags: [],
  deps: [],
  documentation: {},
  operationIdRule: undefined,
};

/** The part of the options that matters to operations, checked. */
export function placeOf(options: RouterOptions, at: SourceLocation): RouterPlace {
  const { prefix = "", tags = [], deps = {}, operationId } = options;
  checkPrefix(prefix, at);
  return {
    prefix,
    tags,
    deps: namedDependencies("a router", deps, at),
    documentation: documentedWithin(options, {}),
    operationIdRule: operationId,
  };
}

/** A place inside another. */
export function within(outer: RouterPlace, inner: RouterPlace): RouterPlace {
  return {
    prefix: outer.prefix + inner.prefix,
    tags: [...outer.tags, ...inner.tags],
    deps: [...outer.deps, ...inner.deps],
    documentation: documentedWithin(outer.documentation, inner.documentation),
    operationIdRule: inner.operationIdRule ?? outer.operationIdRule,
  };
}

/** What is said inside a place: the nearer counts, but what is deprecated or hidden outside is so inside. */
export function documentedWithin<T extends PlaceDocumentation>(outer: PlaceDocumentation, inner: T): T {
  const { deprecated, hidden, responses, callbacks } = outer;
  return {
    ...inner,
    ...(deprecated === true ? { deprecated } : {}),
    ...(hidden === true ? { hidden } : {}),
    ...(responses === undefined ? {} : { responses: { ...responses, ...inner.responses } }),
    ...(callbacks === undefined ? {} : { callbacks: { ...callbacks, ...inner.callbacks } }),
  };
}
