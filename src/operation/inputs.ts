import type { Inputs } from "../app/inputs.ts";
import { acceptsArray, type Coerce, coercionOf, compileCoercion, takesMany } from "../schema/coerce.ts";
import { inputJsonSchema, propertiesOf } from "../schema/json-schema.ts";
import { headerName, paramOptions } from "../schema/param.ts";
import { createRepair, type Repair } from "../schema/repair.ts";
import { type AnySchema, isSchema, type Schemas } from "../schema/schema.ts";

/** Where a parameter is read from. The words are FastAPI's, as they stand in `loc`. */
export type Source = "path" | "query" | "header" | "cookie" | "body";

/** One declared parameter, ready to be read. */
export interface Parameter {
  /** Its name in the context. */
  readonly name: string;
  /** Its name on the wire. */
  readonly wireName: string;
  readonly schema: AnySchema;
  readonly coerce: Coerce;
  readonly repair: Repair;
  /** Takes all values of a repeated name, not the last one. */
  readonly many: boolean;
  readonly loc: readonly string[];
}

/** One schema for everything of a source. */
export interface ParameterModel {
  readonly schema: AnySchema;
  readonly repair: Repair;
  /** The parameters its JSON Schema names, by their names on the wire. Others reach the schema as they were sent. */
  readonly fields: ReadonlyMap<
    string,
    { readonly name: string; readonly coerce: Coerce; readonly many: boolean }
  >;
  /** What its JSON Schema says absent fields are, by name: shown as sent, as in FastAPI, where another one is wrong. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly loc: readonly string[];
}

export type ParameterGroup = readonly Parameter[] | ParameterModel;

/** One schema for the JSON body, or one for each of its keys. */
export type BodyInput =
  | { readonly schema: AnySchema; readonly repair: Repair }
  | { readonly keys: readonly BodyKey[] };

/** One key of a body that has a schema for each. */
export interface BodyKey {
  /** Its name in the context. */
  readonly name: string;
  /** Its name in the body. */
  readonly wireName: string;
  readonly schema: AnySchema;
  readonly repair: Repair;
}

/** Inputs with everything worked out that does not depend on the request. A source that is not read is undefined. */
export interface CompiledInputs {
  readonly params: ParameterGroup | undefined;
  readonly query: ParameterGroup | undefined;
  readonly headers: ParameterGroup | undefined;
  readonly cookies: ParameterGroup | undefined;
  readonly form: ParameterGroup | undefined;
  readonly body: BodyInput | undefined;
}

/** Works out declared inputs once. */
export function compileInputs({ params, query, headers, cookies, form, body }: Inputs): CompiledInputs {
  return {
    params: compileGroup("path", params),
    query: compileGroup("query", query),
    headers: compileGroup("header", headers),
    cookies: compileGroup("cookie", cookies),
    form: form && compileGroup("body", form),
    body: body && compileBody(body),
  };
}

function compileGroup(source: Source, declared: Schemas | AnySchema): ParameterGroup | undefined {
  if (isSchema(declared)) return compileModel(source, declared);
  const parameters = Object.entries(declared).map(([name, schema]) => compileParameter(source, name, schema));
  return parameters.length === 0 ? undefined : parameters;
}

function compileParameter(source: Source, name: string, schema: AnySchema): Parameter {
  const options = paramOptions(schema);
  const { alias } = options;
  const wireName =
    source === "header" ? (alias?.toLowerCase() ?? headerName(name, options)) : (alias ?? name);
  return {
    name,
    // The router knows a part of the path by its name in the path alone.
    wireName: source === "path" ? name : wireName,
    schema,
    coerce: compileCoercion(schema),
    many: takesMany(schema),
    repair: createRepair(schema),
    loc: [source, wireName],
  };
}

function compileModel(source: Source, schema: AnySchema): ParameterModel {
  const root = inputJsonSchema(schema) ?? {};
  const options = paramOptions(schema);
  const properties = [...propertiesOf(root)];
  const fields = properties.map(([name, property]) => {
    const wireName = source === "header" ? headerName(name, options) : name;
    return [
      wireName,
      { name, coerce: coercionOf(property, root), many: acceptsArray(property, root) },
    ] as const;
  });
  const defaults = Object.fromEntries(
    properties.flatMap(([name, { default: value }]) => (value == null ? [] : [[name, value]])),
  );
  return { schema, repair: createRepair(schema), fields: new Map(fields), defaults, loc: [source] };
}

function compileBody(declared: Schemas | AnySchema): BodyInput {
  if (isSchema(declared)) return { schema: declared, repair: createRepair(declared) };
  const keys = Object.entries(declared).map(([name, schema]) => ({
    name,
    wireName: paramOptions(schema).alias ?? name,
    schema,
    repair: createRepair(schema),
  }));
  return { keys };
}
