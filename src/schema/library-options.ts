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
};

interface ZodNode {
  readonly zodSchema: {
    readonly _zod: {
      readonly def: { readonly type: string; readonly format?: string; readonly catchall?: unknown };
    };
  };
  readonly jsonSchema: Json;
}

function describeZodType({ zodSchema, jsonSchema }: ZodNode): void {
  const { type, format, catchall } = zodSchema._zod.def;
  if (type === "string" && format === "time") jsonSchema.format = format; // zod gives its pattern alone
  if (type === "file") {
    delete jsonSchema.format;
    delete jsonSchema.contentEncoding;
  }
  Object.assign(jsonSchema, wireForms[type]);
  // A plain object drops unknown keys; it does not refuse them, and its output is no other model for it.
  if (type === "object" && catchall === undefined) delete jsonSchema.additionalProperties;
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
