import type { Form } from "../schema/json-schema.ts";
import type { Schema } from "../schema/schema.ts";
import {
  DEFINITIONS,
  fromPointer,
  isObject,
  type JsonSchema,
  MODELS,
  mapValues,
  provisionalIndex,
  provisionalRef,
  replaceRefs,
  withRefs,
} from "./json-schema.ts";
import { uniqueNames } from "./names.ts";
import { toJsonSchema } from "./tidy-schema.ts";

/** The name of a model that contains itself and has no name. */
const NAMELESS = "Recursive";

/**
 * The schemas with a name of their own. References to them are provisional until all are known, since only then is it
 * clear whether the two forms of a model are one.
 */
export class Components {
  readonly #entries: NamedSchema[] = [];
  readonly #known = new Map<string, number>();

  /** The JSON Schema to put where a schema is used: a reference if it has a name. */
  use(schema: Schema, form: Form): JsonSchema {
    const { $defs = {}, ...root } = toJsonSchema(schema, form);
    if (!refersToRoot(root) && !refersToRoot($defs)) return withRefs(root, this.#addAll($defs, form));
    const definitions = mapValues({ ...$defs, [NAMELESS]: root }, nameRoot);
    return { $ref: this.#addAll(definitions, form)(DEFINITIONS + NAMELESS) };
  }

  /** A reference to a schema that receives a name here. */
  name(name: string, schema: JsonSchema): JsonSchema {
    return { $ref: provisionalRef(this.#add(name, schema, "input")) };
  }

  /** The schema behind a provisional reference; any other schema is returned unchanged. */
  lookUp(schema: JsonSchema): JsonSchema {
    const entry = this.#entries[provisionalIndex(schema.$ref ?? "") ?? -1];
    return entry === undefined ? schema : this.lookUp(entry.schema);
  }

  /** A copy of the document in which every reference is final, and the schemas it refers to by name. */
  resolve<T>(document: T): { document: T; schemas: Record<string, JsonSchema> } {
    const names = finalNames(this.#entries);
    const schemas = new Map<string, JsonSchema>();
    const final = (ref: string): string => {
      const at = provisionalIndex(ref) ?? -1;
      const [entry, name] = [this.#entries[at], names[at]];
      if (entry === undefined || name === undefined) return ref;
      if (!schemas.has(name)) {
        schemas.set(name, {}); // a model may refer to itself
        schemas.set(name, withRefs(entry.schema, final));
      }
      return MODELS + name;
    };
    const resolved = replaceRefs(document, final);
    const models = Object.fromEntries([...schemas].toSorted(byName));
    return {
      document: withDiscriminators(resolved, models) as T,
      schemas: mapValues(models, (model) => withDiscriminators(model, models) as JsonSchema),
    };
  }

  /** Adds the definitions of one conversion; returns a function that turns a reference to one into a provisional one. */
  #addAll(definitions: Record<string, JsonSchema>, form: Form): (ref: string) => string {
    const before = this.#entries.length;
    const added = new Map(
      Object.entries(definitions).map(([name, schema]) => [
        DEFINITIONS + name,
        this.#add(componentName(name), schema, form),
      ]),
    );
    const refer = (ref: string): string => {
      const at = added.get(fromPointer(ref));
      return at === undefined ? ref : provisionalRef(at);
    };
    const fresh = this.#entries.splice(before);
    this.#entries.push(...fresh.map((entry) => ({ ...entry, schema: withRefs(entry.schema, refer) })));
    return refer;
  }

  #add(name: string, schema: JsonSchema, form: Form): number {
    const key = JSON.stringify([name, form, schema]);
    const at = this.#known.get(key) ?? this.#entries.push({ name, form, schema }) - 1;
    this.#known.set(key, at);
    return at;
  }
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Names in `components` are more restricted than in `$defs`; zod's own name for a nameless model tells a reader nothing. */
function componentName(name: string): string {
  return /^__schema\d+$/.test(name) ? NAMELESS : name.replaceAll(/[^\w.-]/g, "_");
}

function refersToRoot(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"$ref":"#"');
}

function nameRoot(schema: JsonSchema): JsonSchema {
  return withRefs(schema, (ref) => (ref === "#" ? DEFINITIONS + NAMELESS : ref));
}

/** A named schema: it refers to others by number. */
interface NamedSchema {
  readonly name: string;
  readonly form: Form;
  readonly schema: JsonSchema;
}

/** Entries that are the same model. */
interface Model {
  readonly name: string;
  readonly forms: Set<Form>;
}

/**
 * A final name for every entry: its own name if no other model has it; `Item-Input` and `Item-Output` if there are two
 * models, one for each form, as in FastAPI; otherwise its own name with a number.
 */
function finalNames(entries: readonly NamedSchema[]): string[] {
  const models = new Map<string, Model>();
  const modelIds = sameModels(entries);
  for (const [at, { name, form }] of entries.entries()) {
    const model = models.get(modelIds[at] ?? "") ?? { name, forms: new Set() };
    models.set(modelIds[at] ?? "", model);
    model.forms.add(form);
  }
  const byName = Map.groupBy(models.values(), ({ name }) => name);
  const unique = uniqueNames();
  const names = new Map([...models].map(([id, model]) => [id, unique(nameAmong(model, byName))] as const));
  return modelIds.map((id) => names.get(id) ?? "");
}

function nameAmong({ name, forms }: Model, byName: ReadonlyMap<string, readonly Model[]>): string {
  const rivals = byName.get(name) ?? [];
  const inputs = rivals.filter((rival) => rival.forms.has("input")).length;
  const outputs = rivals.filter((rival) => rival.forms.has("output")).length;
  if (rivals.length !== 2 || inputs !== 1 || outputs !== 1) return name;
  return `${name}-${forms.has("input") ? "Input" : "Output"}`;
}

/**
 * Determines which entries are the same model. Two are the same when they are equal all the way down. This is found by
 * refinement: first by name and shape, then by what their references have turned out to be, until nothing changes.
 */
function sameModels(entries: readonly NamedSchema[]): string[] {
  let ids = entries.map(({ name }) => name);
  for (let count = 0; ; ) {
    const known = new Map<string, string>();
    const current = ids;
    const idOf = (ref: string): string => current[provisionalIndex(ref) ?? -1] ?? ref;
    ids = entries.map(({ name, schema }) => {
      const signature = JSON.stringify([name, withRefs(schema, idOf)]);
      const id = known.get(signature) ?? `model ${known.size}`;
      known.set(signature, id);
      return id;
    });
    if (known.size === count) return ids;
    count = known.size;
  }
}

/**
 * A copy of anything in which each union with a distinguishing property says which of its values means which model:
 * OpenAPI's Discriminator Object, which generated clients switch on. It cannot name alternatives without a name; a
 * union with such alternatives gets none, since the property is a constant in each of them anyway.
 *
 * @param schemas - The models, by their final names.
 */
function withDiscriminators(part: unknown, schemas: Readonly<Record<string, JsonSchema>>): unknown {
  if (Array.isArray(part)) return part.map((item) => withDiscriminators(item, schemas));
  if (!isObject(part) || Object.getPrototypeOf(part) !== Object.prototype) return part;
  const copy = mapValues(part, (value) => withDiscriminators(value, schemas));
  const { oneOf, discriminator, ...rest } = copy;
  if (!Array.isArray(oneOf) || !isObject(discriminator) || discriminator.mapping !== undefined) return copy;
  const mapping = mappingOf(String(discriminator.propertyName), oneOf, schemas);
  return {
    oneOf,
    ...(mapping === undefined ? {} : { discriminator: { ...discriminator, mapping } }),
    ...rest,
  };
}

function mappingOf(
  property: string,
  alternatives: readonly JsonSchema[],
  schemas: Readonly<Record<string, JsonSchema>>,
): Record<string, string> | undefined {
  const mapping: Record<string, string> = {};
  for (const { $ref } of alternatives) {
    const model = typeof $ref === "string" ? schemas[$ref.replace(MODELS, "")] : undefined;
    const values = valuesOf((model?.properties as Record<string, unknown> | undefined)?.[property]);
    if (values.length === 0) return undefined;
    for (const value of values) mapping[value] = $ref as string;
  }
  return mapping;
}

/** The strings that a property may have, if it may have only strings. */
function valuesOf(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const values = "const" in schema ? [schema.const] : Array.isArray(schema.enum) ? schema.enum : [];
  return values.every((value) => typeof value === "string") ? values : [];
}
