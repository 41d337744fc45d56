import type { Schema } from "../schema/schema.ts";
import { toJsonSchema } from "./conversion.ts";
import { type Form, isObject, type JsonSchema, mapSchemas, mapValues } from "./json-schema.ts";

/** One form of a named schema, its references still provisional. */
interface Entry {
  readonly name: string;
  readonly form: Form;
  readonly raw: string;
  schema: JsonSchema;
}

const PROVISIONAL = "offloop:";
const DEFS = "#/$defs/";
const ROOT = "Recursive";

/**
 * The schemas that have a name of their own. Until all are known, references to them are provisional: a model whose
 * two forms are equal gets one name, another one two, `Item-Input` and `Item-Output`.
 */
export class Components {
  readonly #entries: Entry[] = [];

  /** The JSON Schema to put where a schema is used: a reference when it has a name. */
  use(schema: Schema, form: Form): JsonSchema {
    const { $defs = {}, ...root } = toJsonSchema(schema, form);
    if (!refersToRoot(root) && !refersToRoot($defs)) return withRefs(root, this.#hoist($defs, form));
    const refs = this.#hoist(mapValues({ ...$defs, [ROOT]: root }, nameRoot), form);
    return { $ref: refs(DEFS + ROOT) };
  }

  /** A reference to a schema that gets a name here. */
  name(name: string, schema: JsonSchema, form: Form = "input"): JsonSchema {
    return { $ref: this.#add(name, schema, form, JSON.stringify(schema)) };
  }

  /** What stands behind a provisional reference; any other schema is itself. */
  lookUp(schema: JsonSchema): JsonSchema {
    const { $ref } = schema;
    const entry = $ref?.startsWith(PROVISIONAL) ? this.#entries[entryIndex($ref)] : undefined;
    return entry === undefined ? schema : this.lookUp(entry.schema);
  }

  /** A copy of the document in which every reference is final, and the schemas it refers to by their names. */
  resolve<T>(document: T): { document: T; schemas: Record<string, JsonSchema> } {
    const names = finalNames(this.#entries);
    const schemas = new Map<string, JsonSchema>();
    const final = (ref: string): string => {
      const entry = ref.startsWith(PROVISIONAL) ? this.#entries[entryIndex(ref)] : undefined;
      if (entry === undefined) return ref;
      const name = names[entryIndex(ref)] ?? entry.name;
      if (!schemas.has(name)) {
        schemas.set(name, {}); // a model may refer to itself
        schemas.set(name, withRefs(entry.schema, final));
      }
      return `#/components/schemas/${name}`;
    };
    const resolved = replaceRefs(document, final) as T;
    return { document: resolved, schemas: Object.fromEntries([...schemas].toSorted(byName)) };
  }

  /** Adds the definitions of one conversion; returns what turns a reference to one into a provisional one. */
  #hoist(definitions: Record<string, JsonSchema>, form: Form): (ref: string) => string {
    const refs = new Map(
      Object.entries(definitions).map(([name, schema]) => [
        DEFS + name,
        this.#add(componentName(name), schema, form, JSON.stringify(schema)),
      ]),
    );
    const refer = (ref: string): string => refs.get(fromPointer(ref)) ?? ref;
    for (const ref of refs.values()) {
      const entry = this.#entries[entryIndex(ref)];
      if (entry !== undefined) entry.schema = withRefs(entry.schema, refer);
    }
    return refer;
  }

  #add(name: string, schema: JsonSchema, form: Form, raw: string): string {
    const known = this.#entries.findIndex(
      (entry) => entry.name === name && entry.form === form && entry.raw === raw,
    );
    const at = known === -1 ? this.#entries.push({ name, form, raw, schema }) - 1 : known;
    return `${PROVISIONAL}${at}`;
  }
}

/**
 * A name for every entry. Entries of one name share it when they are equal all the way down, which is found by
 * refining: first by their own shape, then by what their references turned out to be, until nothing changes.
 */
function finalNames(entries: readonly Entry[]): string[] {
  let classes = entries.map(({ name }) => name);
  for (let count = 0; ; ) {
    const signatures = entries.map(({ name, schema }) => {
      const shape = withRefs(schema, (ref) =>
        ref.startsWith(PROVISIONAL) ? (classes[entryIndex(ref)] ?? ref) : ref,
      );
      return JSON.stringify([name, shape]);
    });
    const distinct = [...new Set(signatures)];
    classes = signatures.map((signature) => String(distinct.indexOf(signature)));
    if (distinct.length === count) break;
    count = distinct.length;
  }
  return entries.map(({ name }, at) => name + suffix(entries, classes, at));
}

function suffix(entries: readonly Entry[], classes: readonly string[], at: number): string {
  const ofName = entries.flatMap((entry, index) => (entry.name === entries[at]?.name ? [index] : []));
  const rivals = [...new Set(ofName.map((index) => classes[index]))];
  if (rivals.length === 1) return "";
  const formsOf = (one: string | undefined): Set<Form | undefined> =>
    new Set(ofName.filter((index) => classes[index] === one).map((index) => entries[index]?.form));
  const [first, second] = rivals.map(formsOf);
  if (rivals.length === 2 && first?.size === 1 && second?.size === 1 && [...first][0] !== [...second][0]) {
    return entries[at]?.form === "input" ? "-Input" : "-Output";
  }
  const rank = rivals.indexOf(classes[at]) + 1;
  return rank === 1 ? "" : `_${rank}`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function entryIndex(ref: string): number {
  return Number(ref.slice(PROVISIONAL.length));
}

/** A reference is a JSON Pointer, which has its own way to write two characters. RFC 6901, section 3. */
function fromPointer(ref: string): string {
  return ref.startsWith(DEFS)
    ? DEFS + ref.slice(DEFS.length).replaceAll("~1", "/").replaceAll("~0", "~")
    : ref;
}

/** Names in `components` are narrower than `$defs`; a library's own name for a nameless one tells a reader nothing. */
function componentName(name: string): string {
  return /^__schema\d+$/.test(name) ? ROOT : name.replaceAll(/[^\w.-]/g, "_");
}

/** A model that holds itself and has no name is given one: nothing else could refer to it. */
function nameRoot(schema: JsonSchema): JsonSchema {
  return withRefs(schema, (ref) => (ref === "#" ? DEFS + ROOT : ref));
}

function refersToRoot(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"$ref":"#"');
}

function withRefs(schema: JsonSchema, change: (ref: string) => string): JsonSchema {
  return mapSchemas(schema, (part) =>
    typeof part.$ref === "string" ? { ...part, $ref: change(part.$ref) } : part,
  );
}

function replaceRefs(part: unknown, change: (ref: string) => string): unknown {
  if (Array.isArray(part)) return part.map((item) => replaceRefs(item, change));
  if (!isObject(part)) return part;
  if (Object.getPrototypeOf(part) !== Object.prototype) return part;
  return mapValues(part, (value, key) =>
    key === "$ref" && typeof value === "string" ? change(value) : replaceRefs(value, change),
  );
}
