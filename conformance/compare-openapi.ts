import { isDeepStrictEqual } from "node:util";

type Json = Record<string, unknown>;

/** Text for human readers. */
const prose = new Set(["title", "description", "summary"]);

/** Documents that cannot be equal, with the reason: by chapter, app, method, URL and the recorded status. */
export const documentReasons: Readonly<Record<string, string>> = {
  "extra_data_types tutorial001 GET /openapi.json -> 200":
    "a timedelta is documented as an ISO 8601 duration and takes the number of seconds that is sent; here it is a number",
  "response_model tutorial005 GET /openapi.json -> 200":
    "the recording documents the whole model where it sends a part of it; here the document shows what is sent",
  "response_model tutorial006 GET /openapi.json -> 200":
    "the recording documents the whole model where it sends a part of it; here the document shows what is sent",
};

/**
 * How an OpenAPI document differs from the recorded one; undefined when both describe the same requests and answers:
 * paths, parameters, bodies, responses, security, and the ids that the app has chosen. Prose, names of schemas, ids
 * made from a function's name and the order of keys do not count. Neither does the version, since items of a stream can
 * be described only from 3.2 on, while the recorded documents say 3.1.
 */
export function documentDifference(given: unknown, recorded: unknown): string | undefined {
  if (!isDocument(given)) return `no document: ${JSON.stringify(given)?.slice(0, 200)}`;
  return differenceAt("", comparableDocument(given), comparableDocument(recorded as Json));
}

/** Whether an answer is an OpenAPI document. */
export function isDocument(value: unknown): value is Json {
  return isObject(value) && typeof value.openapi === "string";
}

function comparableDocument(document: Json): Json {
  const { openapi: _, info, components = {}, paths, ...rest } = document;
  const { schemas = {}, ...otherComponents } = components as Json;
  const whole = inlined({ ...rest, paths: withoutMadeIds(paths) }, schemas as Json, []);
  return comparable({ ...(whole as Json), ...otherComponents, info }) as Json;
}

/**
 * References replaced by what they refer to. A schema's reference to itself stays, identified by how far out it points.
 */
function inlined(value: unknown, schemas: Json, open: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => inlined(item, schemas, open));
  if (!isObject(value)) return value;
  const { $ref, ...rest } = value;
  if (typeof $ref !== "string")
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, inlined(item, schemas, open)]),
    );
  const name = $ref.replace("#/components/schemas/", "");
  if (open.includes(name)) return { $ref: open.length - open.indexOf(name) };
  return { ...(inlined(schemas[name], schemas, [...open, name]) as Json), ...rest };
}

function comparable(value: unknown, key = ""): unknown {
  if (usersData.has(key)) return value;
  if (Array.isArray(value)) return comparableList(value, key);
  if (!isObject(value)) return value;
  if (usersNames.has(key))
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, comparable(item)]));
  const entries = Object.entries(value).filter(([name]) => !prose.has(name));
  return withoutNulls(Object.fromEntries(entries.map(([name, item]) => [name, comparable(item, name)])));
}

/** Fields whose keys users chose, which may look like any other. */
const usersNames = new Set(["properties", "paths", "responses", "headers", "callbacks", "examples"]);

/** Fields that belong entirely to the user. */
const usersData = new Set(["example", "value", "default"]);

const unordered = new Set(["required", "parameters", "anyOf", "oneOf"]);

function comparableList(list: readonly unknown[], key: string): unknown[] {
  const items = list.map((item) => comparable(item, key === "examples" ? "example" : ""));
  const text = (item: unknown): string => JSON.stringify(sorted(item));
  return unordered.has(key) ? items.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)) : items;
}

/** Ids made from the function's name, the path and the method say nothing that these do not. */
function withoutMadeIds(paths: unknown): unknown {
  if (!isObject(paths)) return paths;
  const operations = (path: string, item: unknown): unknown =>
    isObject(item)
      ? Object.fromEntries(
          Object.entries(item).map(([method, one]) => [method, withoutMadeId(one, path, method)]),
        )
      : item;
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, operations(path, item)]));
}

function withoutMadeId(operation: unknown, path: string, method: string): unknown {
  if (!isObject(operation) || typeof operation.operationId !== "string") return operation;
  const { operationId, ...rest } = operation;
  const ofFastApi = `${path.replaceAll(/\W/g, "_")}_${method}`;
  const ofWords = [method, ...(path.match(/\w+/g) ?? ["root"])].join("_");
  const isMade = operationId.endsWith(ofFastApi) || operationId.replace(/_\d+$/, "") === ofWords;
  return isMade ? rest : operation;
}

/** In a parameter or a form everything is text: that something may be null means only that it may be absent. */
function withoutNulls(object: Json): Json {
  if (typeof object.in === "string" && isObject(object.schema))
    return { ...object, schema: withoutNull(object.schema) };
  return Object.fromEntries(
    Object.entries(object).map(([key, item]) => [key, isForm.test(key) ? formWithoutNulls(item) : item]),
  );
}

const isForm = /^(multipart\/form-data|application\/x-www-form-urlencoded)$/;

function formWithoutNulls(mediaType: unknown): unknown {
  const schema = isObject(mediaType) ? mediaType.schema : undefined;
  if (!isObject(schema) || !isObject(schema.properties)) return mediaType;
  const fields = Object.entries(schema.properties).map(([name, field]) => [name, withoutNull(field as Json)]);
  return { ...(mediaType as Json), schema: { ...schema, properties: Object.fromEntries(fields) } };
}

function withoutNull(schema: Json): Json {
  if (!Array.isArray(schema.anyOf)) return schema;
  const { anyOf, ...rest } = schema;
  const others = anyOf.filter((one) => !isDeepStrictEqual(one, { type: "null" }));
  return others.length === 1 ? { ...rest, ...others[0] } : { ...rest, anyOf: others };
}

function differenceAt(at: string, given: unknown, recorded: unknown): string | undefined {
  if (isDeepStrictEqual(given, recorded)) return undefined;
  if (!isObject(given) || !isObject(recorded))
    return `${at || "/"}: ${JSON.stringify(given)}, not ${JSON.stringify(recorded)}`;
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(given)])) {
    const found = differenceAt(`${at}/${key}`, given[key], recorded[key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
