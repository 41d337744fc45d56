import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import type { AnySchema } from "./schema.ts";
import type { ZodSchema } from "./zod.ts";

/** A JSON Schema, draft 2020-12, typed only as far as it is used. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  /** What the keys of a record may be. */
  readonly propertyNames?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
  readonly contentMediaType?: string;
  readonly contentEncoding?: string;
  /** OpenAPI's addition to a union: the property that distinguishes its alternatives. */
  readonly discriminator?: { readonly propertyName: string };
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Which side of a schema: its input or its output. */
export type Form = "input" | "output";

/** The JSON Schema of one side of a schema, or undefined when its library cannot provide it. */
export function jsonSchemaOf(schema: AnySchema, form: Form): JsonSchema | undefined {
  const standard = (schema as unknown as Partial<StandardJSONSchemaV1>)["~standard"];
  const convert = standard?.jsonSchema?.[form];
  if (standard === undefined || convert === undefined) return undefined;
  const options = libraryOptions[standard.vendor];
  try {
    const target = "draft-2020-12";
    // valibot writes its defaults into the schema as they are: a bigint, a set.
    return jsonValue(
      convert(options === undefined ? { target } : { target, libraryOptions: options }),
    ) as JsonSchema;
  } catch {
    return undefined; // "may throw if conversion is not supported", says the standard
  }
}

const inputForms = new WeakMap<object, JsonSchema | null>();

/** The JSON Schema of a schema's input, or undefined when its library cannot provide it: such a value stays as sent. */
export function inputJsonSchema(schema: AnySchema): JsonSchema | undefined {
  // A schema with options from `param` shares the standard face of the original.
  const face = schema["~standard"];
  let known = inputForms.get(face);
  if (known === undefined) {
    known = jsonSchemaOf(schema, "input") ?? null;
    inputForms.set(face, known);
  }
  return known ?? undefined;
}

/** The media type of bytes about which nothing is known. */
export const BINARY = "application/octet-stream";

type Json = Record<string, unknown>;

const file = { type: "string", contentMediaType: BINARY };

/** How values travel that JSON cannot express, by the names libraries give to their types. */
const wireForms: Readonly<Record<string, Json>> = {
  date: { type: "string", format: "date-time" },
  bigint: { type: "integer", format: "int64" },
  file,
  blob: file,
  set: { type: "array", uniqueItems: true },
  map: { type: "object" },
};

interface ZodNode {
  readonly zodSchema: ZodSchema;
  readonly jsonSchema: Json;
}

function describeZodType({ zodSchema, jsonSchema }: ZodNode): void {
  const { type, format, catchall, discriminator, valueType } = zodSchema._zod.def;
  describeValues(zodSchema, jsonSchema);
  if (type === "string" && format === "time") jsonSchema.format = format; // zod gives only its pattern
  if (type === "file") {
    delete jsonSchema.format;
    delete jsonSchema.contentEncoding;
    delete jsonSchema.anyOf; // one for each media type, which generators of clients would make a union of unknowns
  }
  Object.assign(jsonSchema, wireForms[type]);
  if (type === "set" && valueType !== undefined) jsonSchema.items = partOf(valueType);
  if (type === "map" && valueType !== undefined) jsonSchema.additionalProperties = partOf(valueType);
  if (discriminator !== undefined) jsonSchema.discriminator ??= { propertyName: discriminator };
  // A plain object drops unknown keys rather than refusing them, so its output needs no model of its own.
  if (type === "object" && catchall === undefined) delete jsonSchema.additionalProperties;
}

/**
 * zod makes `{}` of a set or a map that is a default, leaves out a bigint, and then refuses to describe a schema, and all
 * that contains it, because of a bigint in an example or a `catch`.
 */
function describeValues({ _zod: { def } }: ZodSchema, jsonSchema: Json): void {
  const hasOwnDefault = def.type === "default" || (def.type === "prefault" && "default" in jsonSchema);
  if (hasOwnDefault) jsonSchema.default = def.defaultValue;
  for (const name of ["default", "example", "examples"]) {
    if (!(name in jsonSchema)) continue;
    const value = jsonValue(jsonSchema[name]);
    if (value === undefined) delete jsonSchema[name];
    else jsonSchema[name] = value;
  }
}

/**
 * A copy of a value that is JSON and nothing else: what a JSON Schema says by way of a default or an example is written
 * as it would be sent. A set becomes a list, a map an object, a bigint a number. What JSON cannot express is left out:
 * `NaN`, an invalid `Date`, an integer whose last digits would be lost.
 *
 * @returns Undefined for a value that is left out as a whole.
 * @throws {TypeError} When the value contains itself.
 */
function jsonValue(value: unknown): unknown {
  const text = JSON.stringify(value, expressible);
  return text === undefined ? undefined : JSON.parse(text);
}

/** `this` has the value before its `toJSON`: that of an invalid `Date` returns null. */
function expressible(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Date && value === null ? undefined : value;
}

/** zod does not look into types that have no JSON Schema, so their parts are written out where they are used. */
function partOf(schema: ZodSchema): Json {
  const options = { target: "draft-2020-12", libraryOptions: libraryOptions.zod } as const;
  const { "~standard": standard } = schema as unknown as StandardJSONSchemaV1;
  const { $schema, $defs = {}, ...part } = standard.jsonSchema.input(options);
  return writtenOut(part, $defs as Json, []) as Json;
}

function writtenOut(value: unknown, definitions: Json, open: readonly unknown[]): unknown {
  if (Array.isArray(value)) return value.map((item) => writtenOut(item, definitions, open));
  if (value === null || typeof value !== "object") return value;
  const { $ref, ...rest } = value as Json;
  const parts = Object.entries(rest).map(([key, item]) => [key, writtenOut(item, definitions, open)]);
  if (typeof $ref !== "string") return Object.fromEntries(parts);
  // A schema that contains itself can only be described to a limited depth here.
  if (open.includes($ref)) return {};
  const target = definitions[$ref.replace("#/$defs/", "")] ?? {};
  return { ...(writtenOut(target, definitions, [...open, $ref]) as Json), ...Object.fromEntries(parts) };
}

interface ArkNode {
  readonly base: Json;
  readonly unit?: unknown;
  readonly domain?: string;
  readonly proto?: { readonly name: string };
}

const describeArkType = ({ base, domain, proto }: ArkNode): Json => ({
  ...base,
  ...wireForms[domain ?? proto?.name.toLowerCase() ?? ""],
});

/** Options for each library's JSON Schema: describe how such values travel, and never throw. */
const libraryOptions: Readonly<Record<string, Json>> = {
  zod: { unrepresentable: "any", override: describeZodType },
  valibot: {
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema }: { valibotSchema: { type: string } }) => wireForms[valibotSchema.type],
  },
  arktype: {
    fallback: {
      default: ({ base }: ArkNode) => base,
      date: ({ base }: ArkNode) => ({ ...base, ...wireForms.date }),
      domain: describeArkType,
      // In JSON, undefined means absent: no value matches.
      unit: ({ base, unit }: ArkNode) => (unit === undefined ? { not: {} } : base),
      proto: describeArkType,
    },
  },
};

/** The alternatives of a schema, with references and unions resolved. */
export function branches(json: JsonSchema, root: JsonSchema): JsonSchema[] {
  if (json.$ref !== undefined) {
    const target = referredTo(json.$ref, root);
    return target === undefined || target === json ? [json] : branches(target, root);
  }
  const parts = json.anyOf ?? json.oneOf ?? (json.allOf?.length === 1 ? json.allOf : undefined);
  if (parts !== undefined) return parts.flatMap((part) => branches(part, root));
  return Array.isArray(json.type) ? typesOf(json, json.type) : [json];
}

/** The schema that a reference leads to. */
export function referredTo($ref: string, root: JsonSchema): JsonSchema | undefined {
  return $ref === "#" ? root : root.$defs?.[$ref.replace("#/$defs/", "")];
}

const byType = new WeakMap<JsonSchema, JsonSchema[]>();

/** The same objects each time, so that alternatives collected in many places can be recognised. */
function typesOf(json: JsonSchema, types: readonly string[]): JsonSchema[] {
  let schemas = byType.get(json);
  if (schemas === undefined) {
    schemas = types.map((type) => ({ ...json, type }));
    byType.set(json, schemas);
  }
  return schemas;
}

/** The schemas at a key or index of a value, as written. */
export function branchesAt(json: JsonSchema, key: string | number, root: JsonSchema): JsonSchema[] {
  return branches(json, root).flatMap(({ properties, additionalProperties, items, prefixItems }) => {
    const inner =
      typeof key === "number"
        ? (prefixItems?.[key] ?? items)
        : properties !== undefined && Object.hasOwn(properties, key)
          ? properties[key]
          : additionalProperties;
    return typeof inner === "object" ? [inner] : [];
  });
}

/** The fields of an object, including those of alternatives and of schemas that all must fit. */
export function propertiesOf(json: JsonSchema, root: JsonSchema = json): Map<string, JsonSchema> {
  const found = new Map<string, JsonSchema>();
  for (const { properties = {}, allOf = [] } of branches(json, root)) {
    const parts = allOf.flatMap((part) => [...propertiesOf(part, root)]);
    for (const [name, property] of [...parts, ...Object.entries(properties)]) {
      const known = found.get(name);
      found.set(name, known === undefined ? property : { anyOf: [known, property] });
    }
  }
  return found;
}

/** The fields of an object that says nothing of any others; undefined for one that does, and for anything else. */
export function closedNames(json: JsonSchema): ReadonlySet<string> | undefined {
  const names = new Set(propertiesOf(json).keys());
  const isOpen = (part: JsonSchema): boolean =>
    branches(part, json).some(
      ({ additionalProperties = false, allOf = [] }) => additionalProperties !== false || allOf.some(isOpen),
    );
  return names.size === 0 || isOpen(json) ? undefined : names;
}
