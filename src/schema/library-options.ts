import type { StandardJSONSchemaV1 } from "@standard-schema/spec";

/** The media type of bytes of which nothing is known. */
export const BINARY = "application/octet-stream";

type Json = Record<string, unknown>;

const file = { type: "string", contentMediaType: BINARY };

/** How values travel that JSON has no word for, by the names libraries give their types. */
const wireForms: Readonly<Record<string, Json>> = {
  date: { type: "string", format: "date-time" },
  bigint: { type: "integer", format: "int64" },
  file,
  blob: file,
  set: { type: "array", uniqueItems: true },
  map: { type: "object" },
};

interface ZodDefinition {
  readonly type: string;
  readonly format?: string;
  readonly catchall?: unknown;
  /** Of a union, the property that tells its alternatives apart. */
  readonly discriminator?: string;
  /** Of a set or a map. */
  readonly valueType?: StandardJSONSchemaV1;
}

interface ZodNode {
  readonly zodSchema: { readonly _zod: { readonly def: ZodDefinition } };
  readonly jsonSchema: Json;
}

function describeZodType({ zodSchema, jsonSchema }: ZodNode): void {
  const { type, format, catchall, discriminator, valueType } = zodSchema._zod.def;
  if (type === "string" && format === "time") jsonSchema.format = format; // zod gives its pattern alone
  if (type === "file") {
    delete jsonSchema.format;
    delete jsonSchema.contentEncoding;
  }
  Object.assign(jsonSchema, wireForms[type]);
  if (type === "set" && valueType !== undefined) jsonSchema.items = partOf(valueType);
  if (type === "map" && valueType !== undefined) jsonSchema.additionalProperties = partOf(valueType);
  if (discriminator !== undefined) jsonSchema.discriminator ??= { propertyName: discriminator };
  // A plain object drops unknown keys; it does not refuse them, and its output is no other model for it.
  if (type === "object" && catchall === undefined) delete jsonSchema.additionalProperties;
}

/** zod does not look into what it has no JSON Schema for, so its parts are written out where they are used. */
function partOf(schema: StandardJSONSchemaV1): Json {
  const options = { target: "draft-2020-12", libraryOptions: libraryOptions.zod } as const;
  const { $schema, $defs = {}, ...part } = schema["~standard"].jsonSchema.input(options);
  return writtenOut(part, $defs as Json, []) as Json;
}

function writtenOut(value: unknown, definitions: Json, open: readonly unknown[]): unknown {
  if (Array.isArray(value)) return value.map((item) => writtenOut(item, definitions, open));
  if (value === null || typeof value !== "object") return value;
  const { $ref, ...rest } = value as Json;
  const parts = Object.entries(rest).map(([key, item]) => [key, writtenOut(item, definitions, open)]);
  if (typeof $ref !== "string") return Object.fromEntries(parts);
  // Of what contains itself, only so much can be said here.
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

/** What each library is told when it is asked for JSON Schema: say how such values travel, and never throw. */
export const libraryOptions: Readonly<Record<string, Json>> = {
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
      // In JSON, what is undefined is absent: no value is one of these.
      unit: ({ base, unit }: ArkNode) => (unit === undefined ? { not: {} } : base),
      proto: describeArkType,
    },
  },
};
