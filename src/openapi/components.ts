import type { Form } from "../schema/json-schema.ts";
import type { Schema } from "../schema/schema.ts";
import { finalNames, type NamedSchema } from "./component-names.ts";
import { toJsonSchema } from "./conversion.ts";
import { withDiscriminators } from "./discriminator.ts";
import { type JsonSchema, mapValues } from "./json-schema.ts";
import {
  DEFINITIONS,
  fromPointer,
  MODELS,
  provisionalIndex,
  provisionalRef,
  replaceRefs,
  withRefs,
} from "./references.ts";

/** What a model is called that holds itself and has no name. */
const NAMELESS = "Recursive";

/**
 * The schemas that have a name of their own. References to them are provisional until all are known, since only then
 * it shows whether the two forms of a model are one.
 */
export class Components {
  readonly #entries: NamedSchema[] = [];
  readonly #known = new Map<string, number>();

  /** The JSON Schema to put where a schema is used: a reference when it has a name. */
  use(schema: Schema, form: Form): JsonSchema {
    const { $defs = {}, ...root } = toJsonSchema(schema, form);
    if (!refersToRoot(root) && !refersToRoot($defs)) return withRefs(root, this.#addAll($defs, form));
    const definitions = mapValues({ ...$defs, [NAMELESS]: root }, nameRoot);
    return { $ref: this.#addAll(definitions, form)(DEFINITIONS + NAMELESS) };
  }

  /** A reference to a schema that gets a name here. */
  name(name: string, schema: JsonSchema, form: Form = "input"): JsonSchema {
    return { $ref: provisionalRef(this.#add(name, schema, form)) };
  }

  /** What stands behind a provisional reference; any other schema is itself. */
  lookUp(schema: JsonSchema): JsonSchema {
    const entry = this.#entries[provisionalIndex(schema.$ref ?? "") ?? -1];
    return entry === undefined ? schema : this.lookUp(entry.schema);
  }

  /** A copy of the document in which every reference is final, and the schemas it refers to by their names. */
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

  /** Adds the definitions of one conversion; returns what turns a reference to one into a provisional one. */
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

/** Names in `components` are narrower than in `$defs`; zod's own name for a nameless model tells a reader nothing. */
function componentName(name: string): string {
  return /^__schema\d+$/.test(name) ? NAMELESS : name.replaceAll(/[^\w.-]/g, "_");
}

function refersToRoot(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"$ref":"#"');
}

function nameRoot(schema: JsonSchema): JsonSchema {
  return withRefs(schema, (ref) => (ref === "#" ? DEFINITIONS + NAMELESS : ref));
}
