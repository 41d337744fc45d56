import type { Inputs } from "../app/inputs.ts";
import type { InputBounds } from "../app/settings/input-settings.ts";
import { acceptsArray, type Coerce, coercionOf, compileCoercion, takesMany } from "../schema/coerce.ts";
import { inputJsonSchema, propertiesOf } from "../schema/json-schema.ts";
import { headerName, paramOptions } from "../schema/param.ts";
import { type AnySchema, isSchema, type Schemas } from "../schema/schema.ts";
import { type CheckedSchema, compileSchema } from "../schema/validate.ts";

/** Where a parameter is read from. The words are FastAPI's, as they appear in `loc`. */
export type Source = "path" | "query" | "header" | "cookie" | "body";

/** One declared parameter, ready to be read. */
export interface Parameter extends CheckedSchema {
  /** Its name in the context. */
  readonly name: string;
  /** Its name on the wire. */
  readonly wireName: string;
  readonly coerce: Coerce;
  /** Takes all values of a repeated name instead of a single one. */
  readonly many: boolean;
  readonly loc: readonly string[];
}

/** One schema for everything that comes from a source. */
export interface ParameterModel extends CheckedSchema {
  /**
   * The parameters that its JSON Schema names, keyed by their names on the wire. Others reach the
   * schema as they were sent.
   */
  readonly fields: ReadonlyMap<
    string,
    { readonly name: string; readonly coerce: Coerce; readonly many: boolean }
  >;
  /** The names of these fields in the context. */
  readonly names: ReadonlySet<string>;
  /**
   * The defaults that its JSON Schema gives for absent fields, by name: shown as if sent when another field is wrong,
   * as in FastAPI.
   */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly loc: readonly string[];
}

export type ParameterGroup = readonly Parameter[] | ParameterModel;

/** One schema for the JSON body, or one for each of its keys. */
export type BodyInput = CheckedSchema | { readonly keys: readonly BodyKey[] };

/** One key of a body in which every key has a schema. */
export interface BodyKey extends CheckedSchema {
  /** Its name in the context. */
  readonly name: string;
  /** Its name in the body. */
  readonly wireName: string;
}

/** Inputs, with everything prepared that does not depend on the request. A source that is not read is undefined. */
export interface CompiledInputs {
  readonly params: ParameterGroup | undefined;
  readonly query: ParameterGroup | undefined;
  readonly headers: ParameterGroup | undefined;
  readonly cookies: ParameterGroup | undefined;
  readonly form: ParameterGroup | undefined;
  readonly body: BodyInput | undefined;
  /** Maximum number of names in a query. */
  readonly maxNames: number;
  /** Whether nothing is read. */
  readonly isEmpty: boolean;
}

/** Prepares declared inputs, once. */
export function compileInputs(
  { params, query, headers, cookies, form, body }: Inputs,
  bounds: InputBounds,
): CompiledInputs {
  const ofText: InputBounds = { ...bounds, strictTypes: false }; // a number in a URL is text, too
  const sources = {
    params: compileGroup("path", params, ofText),
    query: compileGroup("query", query, ofText),
    headers: compileGroup("header", headers, ofText),
    cookies: compileGroup("cookie", cookies, ofText),
    form: form && compileGroup("body", form, ofText),
    body: body && compileBody(body, bounds),
  };
  const isEmpty = Object.values(sources).every((source) => source === undefined);
  return { ...sources, isEmpty, maxNames: bounds.maxNames };
}

function compileGroup(
  source: Source,
  declared: Schemas | AnySchema,
  bounds: InputBounds,
): ParameterGroup | undefined {
  if (isSchema(declared)) return compileModel(source, declared, bounds);
  const parameters = Object.entries(declared).map(([name, schema]) =>
    compileParameter(source, name, compileSchema(schema, bounds)),
  );
  return parameters.length === 0 ? undefined : parameters;
}

function compileParameter(source: Source, name: string, checked: CheckedSchema): Parameter {
  const { schema } = checked;
  const options = paramOptions(schema);
  const { alias } = options;
  const wireName =
    source === "header" ? (alias?.toLowerCase() ?? headerName(name, options)) : (alias ?? name);
  return {
    ...checked,
    name,
    // The router knows a part of the path only by its name in the path.
    wireName: source === "path" ? name : wireName,
    coerce: compileCoercion(schema),
    many: takesMany(schema),
    loc: [source, wireName],
  };
}

function compileModel(source: Source, schema: AnySchema, bounds: InputBounds): ParameterModel {
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
  const defaults = properties.flatMap(([name, { default: value }]) =>
    value == null || source === "header" ? [] : [[name, value]],
  );
  return {
    ...compileSchema(schema, bounds),
    wireNames: new Map(fields.map(([wireName, { name }]) => [name, wireName])),
    fields: new Map(fields),
    names: new Set(fields.map(([, { name }]) => name)),
    defaults: Object.fromEntries(defaults),
    loc: [source],
  };
}

function compileBody(declared: Schemas | AnySchema, bounds: InputBounds): BodyInput {
  if (isSchema(declared)) return compileSchema(declared, bounds);
  const keys = Object.entries(declared).map(([name, schema]) => ({
    ...compileSchema(schema, bounds),
    name,
    wireName: paramOptions(schema).alias ?? name,
  }));
  return { keys };
}
