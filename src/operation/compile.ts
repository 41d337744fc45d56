import type { Operation } from "../app/operation.ts";
import { type Coerce, compileCoercion, takesMany } from "../schema/coerce.ts";
import type { Schema, Schemas } from "../schema/schema.ts";

/** Where a parameter is read from. The words are FastAPI's, as they stand in `loc`. */
export type Source = "path" | "query" | "header" | "cookie";

/** One declared parameter, ready to be read. */
export interface Parameter {
  /** Its name in the context. */
  readonly name: string;
  /** Its name on the wire. */
  readonly wireName: string;
  readonly schema: Schema;
  readonly coerce: Coerce;
  /** Takes all values of a repeated name, not the last one. */
  readonly many: boolean;
  readonly loc: readonly string[];
}

/** An operation with everything worked out that does not depend on the request. */
export interface CompiledOperation {
  readonly declaration: Operation;
  readonly params: readonly Parameter[];
  readonly query: readonly Parameter[];
  readonly headers: readonly Parameter[];
  readonly cookies: readonly Parameter[];
  readonly body: Schema | undefined;
}

/** Works out the inputs of an operation once. */
export function compileOperation(declaration: Operation): CompiledOperation {
  const { params, query, headers, cookies, body } = declaration.inputs;
  return {
    declaration,
    params: parameters("path", params),
    query: parameters("query", query),
    headers: parameters("header", headers),
    cookies: parameters("cookie", cookies),
    body,
  };
}

function parameters(source: Source, schemas: Schemas): Parameter[] {
  return Object.entries(schemas).map(([name, schema]) => {
    const wireName = source === "header" ? name.replaceAll("_", "-").toLowerCase() : name;
    return {
      name,
      wireName,
      schema,
      coerce: compileCoercion(schema),
      many: takesMany(schema),
      loc: [source, wireName],
    };
  });
}
