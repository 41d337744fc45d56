import type { Schema } from "./schema.ts";

/** What a schema alone cannot say about a parameter. */
export interface ParamOptions {
  /**
   * Its name in the request, if it differs from the declared one: `item-query`. A header's name is used verbatim. A
   * path parameter keeps its place, and has this name in the document and in errors: `*` may be `file_path`.
   */
  readonly alias?: string | undefined;
  /** Whether clients should stop sending it. Default false. */
  readonly deprecated?: boolean | undefined;
  /** Whether to leave it out of the OpenAPI document. Default false. */
  readonly hidden?: boolean | undefined;
  /**
   * Whether a header's underscores stand for hyphens: `x_token` reads `x-token`. For one header, or for a schema of all
   * of them. Default true. Many proxies drop headers with underscores.
   */
  readonly convertUnderscores?: boolean | undefined;
}

const OPTIONS = Symbol.for("offloop.param");
const DECLARED = Symbol.for("offloop.declared");

/**
 * Says more about a parameter than its schema does: FastAPI's `Query(alias=...)` and the like.
 *
 * @param schema - The parameter's schema.
 * @param options - Its name in the request, and how it is documented.
 * @returns The same schema with the options attached; the original is unchanged.
 * @example
 * ```ts
 * import { App, param } from "offloop";
 * import { z } from "zod";
 *
 * const app = new App();
 * app.get("/items", { query: { q: param(z.string().optional(), { alias: "item-query" }) } }, async ({ query }) => query);
 * ```
 */
export function param<Input, Output>(
  schema: Schema<Input, Output>,
  options: ParamOptions,
): Schema<Input, Output> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return {
    "~standard": schema["~standard"],
    [OPTIONS]: { ...paramOptions(schema), ...given },
    [DECLARED]: declaredSchema(schema),
  } as unknown as Schema<Input, Output>;
}

/** The options that `param` has attached to a schema. */
export function paramOptions(schema: object): ParamOptions {
  return (schema as { [OPTIONS]?: ParamOptions })[OPTIONS] ?? {};
}

/** The schema that was passed to `param`; any other schema is returned unchanged. */
export function declaredSchema(schema: object): object {
  return (schema as { [DECLARED]?: object })[DECLARED] ?? schema;
}

/** HTTP's spelling of a declared header: `x_token` stands for `x-token`, unless its options say otherwise. */
export function headerName(name: string, { convertUnderscores = true }: ParamOptions): string {
  return (convertUnderscores ? name.replaceAll("_", "-") : name).toLowerCase();
}
