import type { SourceLocation } from "../errors/offloop-error.ts";
import { type Dependencies, type NamedDependency, namedDependencies } from "./dependency.ts";
import type { NamedOperation, OperationDocumentation } from "./documentation.ts";
import type { Layer } from "./layer.ts";
import { checkPrefix } from "./path.ts";

/** Options of a router, and of including one. */
export interface RouterOptions<RD extends Dependencies = Dependencies> {
  /** Put before every path; starts with a slash and does not end with one. Default none. */
  readonly prefix?: string;
  /** Tags of every operation, before its own. Default none. */
  readonly tags?: readonly string[];
  /** Dependencies of every operation, made before its own; handlers receive them by name. Default none. */
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
type InheritedDocumentation = Pick<
  OperationDocumentation,
  "deprecated" | "hidden" | "responses" | "callbacks"
>;

/** What operations inherit from the routers around them. */
export interface Inherited {
  readonly prefix: string;
  readonly tags: readonly string[];
  readonly deps: readonly NamedDependency[];
  readonly documentation: InheritedDocumentation;
  readonly operationIdRule: ((operation: NamedOperation) => string) | undefined;
  /** What stands around them, the outermost first. */
  readonly layers: readonly Layer[];
}

/** What an operation inherits where no router says anything. */
export const nothingInherited: Inherited = {
  prefix: "",
  tags: [],
  deps: [],
  documentation: {},
  operationIdRule: undefined,
  layers: [],
};

/** The part of the options that matters to operations, checked. */
export function inheritedFrom(options: RouterOptions, at: SourceLocation): Inherited {
  const { prefix = "", tags = [], deps = {}, operationId } = options;
  checkPrefix(prefix, at);
  return {
    prefix,
    tags,
    deps: namedDependencies("a router", deps, at),
    documentation: inheritDocumentation(options, {}),
    operationIdRule: operationId,
    layers: [],
  };
}

/** What is inherited inside another router: the outer one's first. */
export function joinInherited(outer: Inherited, inner: Inherited): Inherited {
  return {
    prefix: outer.prefix + inner.prefix,
    tags: [...outer.tags, ...inner.tags],
    deps: [...outer.deps, ...inner.deps],
    documentation: inheritDocumentation(outer.documentation, inner.documentation),
    operationIdRule: inner.operationIdRule ?? outer.operationIdRule,
    layers: [...outer.layers, ...inner.layers],
  };
}

/** What is said inside: the nearer counts, but what is deprecated or hidden outside is so inside. */
export function inheritDocumentation<T extends InheritedDocumentation>(
  outer: InheritedDocumentation,
  inner: T,
): T {
  const { deprecated, hidden, responses, callbacks } = outer;
  return {
    ...inner,
    ...(deprecated === true ? { deprecated } : {}),
    ...(hidden === true ? { hidden } : {}),
    ...(responses === undefined ? {} : { responses: { ...responses, ...inner.responses } }),
    ...(callbacks === undefined ? {} : { callbacks: { ...callbacks, ...inner.callbacks } }),
  };
}
