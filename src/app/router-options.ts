import type { SourceLocation } from "../errors/offloop-error.ts";
import { type Dependencies, type NamedDependency, namedDependencies } from "./dependency.ts";
import type { NamedOperation, OperationDocumentation } from "./documentation.ts";
import { checkDocumentation } from "./documentation-mistakes.ts";
import type { Layer } from "./layer.ts";
import { checkPrefix } from "./path.ts";

/** Options of a router, and of including one. */
export interface RouterOptions<RD extends Dependencies = Dependencies, Prefix extends string = string> {
  /**
   * Comes before every path; starts with a slash and does not end with one. Operations receive the parameters in it with
   * those of their own paths. Default none.
   */
  readonly prefix?: Prefix | undefined;
  /** Tags of every operation, before its own. Default none. */
  readonly tags?: readonly string[] | undefined;
  /** Dependencies of every operation, created before its own; handlers receive them by name. Default none. */
  readonly deps?: RD;
  /** Whether clients should stop using any of its operations. Default false. */
  readonly deprecated?: boolean | undefined;
  /** Whether to leave all of its operations out of the OpenAPI document. Default false. */
  readonly hidden?: boolean | undefined;
  /**
   * Other responses that every operation may give; an operation's own response with the same status takes precedence.
   * Default none.
   */
  readonly responses?: NonNullable<OperationDocumentation["responses"]> | undefined;
  /** Callbacks of every operation, in addition to its own. Default none. */
  readonly callbacks?: NonNullable<OperationDocumentation["callbacks"]> | undefined;
  /**
   * The rule that names operations without an `operationId` of their own; the nearest router's rule applies. Default:
   * FastAPI's.
   */
  readonly operationId?: ((operation: NamedOperation) => string) | undefined;
}

/** The names of all these options. */
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

/** What routers document about every operation in them. */
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
  /** What surrounds them, outermost first. */
  readonly layers: readonly Layer[];
}

/** The defaults for operations without a router that sets anything. */
export const nothingInherited: Inherited = {
  prefix: "",
  tags: [],
  deps: [],
  documentation: {},
  operationIdRule: undefined,
  layers: [],
};

/** The checked part of the options that operations inherit. */
export function inheritedFrom(options: RouterOptions, at: SourceLocation): Inherited {
  const { prefix = "", tags = [], deps = {}, operationId } = options;
  checkPrefix(prefix, at);
  checkDocumentation("a router", options, at);
  return {
    prefix,
    tags,
    deps: namedDependencies("a router", deps, at),
    documentation: inheritDocumentation(options, {}),
    operationIdRule: operationId,
    layers: [],
  };
}

/** What is inherited inside another router: the outer router's part first. */
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

/**
 * The documentation inside a router: the nearer one takes precedence, but what is deprecated or hidden
 * outside stays so inside.
 */
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
