import { branches, branchesAt, type JsonSchema, referredTo } from "./json-schema.ts";

/**
 * A place in a schema, and what may be there. Each place is computed once, however many values occur at it: the items
 * of a list share one, and so do all keys that the schema does not name.
 */
export class Shape {
  /** The schemas allowed here; references and unions are resolved. */
  readonly alternatives: readonly JsonSchema[];
  readonly root: JsonSchema;
  readonly #declared: readonly JsonSchema[];
  readonly #inner = new Map<string | number, Shape>();
  readonly #tagged = new Map<JsonSchema, Shape>();

  private constructor(declared: readonly JsonSchema[], root: JsonSchema) {
    this.root = root;
    this.#declared = declared;
    // Each once: in a union that contains itself their number would double at each level.
    this.alternatives = [...new Set(declared.flatMap((json) => branches(json, root)))];
  }

  /** The place of a whole value. */
  static of(root: JsonSchema): Shape {
    return new Shape([root], root);
  }

  /** The place at a key or index of a value here. */
  at(key: string | number): Shape {
    const known = this.#names(key) ? key : typeof key === "number" ? -1 : "";
    let inner = this.#inner.get(known);
    if (inner === undefined) {
      inner = new Shape(
        this.alternatives.flatMap((json) => branchesAt(json, key, this.root)),
        this.root,
      );
      this.#inner.set(known, inner);
    }
    return inner;
  }

  /** Whether the schema itself names this key, or takes a list here: any other key is what someone has sent. */
  declares(key: string | number): boolean {
    return this.alternatives.some(({ type, properties, required, propertyNames }) =>
      typeof key === "number"
        ? type === "array"
        : (properties !== undefined && Object.hasOwn(properties, key)) ||
          required?.includes(key) === true ||
          propertyNames?.enum?.includes(key) === true,
    );
  }

  /** Whether the value here is never shown, since it is declared as a password or as write-only. */
  get isSecret(): boolean {
    return this.#declared.some(isSecret) || this.alternatives.some(isSecret);
  }

  /** The name of the property that distinguishes the alternatives, if there is one. */
  get discriminator(): string | undefined {
    for (const json of this.#declared) {
      const name = discriminatorOf(json, this.root);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  /** The place for a value of a tagged union: that of the one alternative with its tag, where there is one. */
  tagged(value: object): Shape {
    const { discriminator } = this;
    if (discriminator === undefined || !Object.hasOwn(value, discriminator)) return this;
    const tag = (value as Readonly<Record<string, unknown>>)[discriminator];
    const [found, ...others] = this.alternatives.filter(({ properties }) => {
      const { const: only, enum: several = [only] } = properties?.[discriminator] ?? {};
      return several.includes(tag);
    });
    if (found === undefined || others.length > 0) return this;
    let tagged = this.#tagged.get(found);
    if (tagged === undefined) {
      tagged = new Shape([found], this.root);
      this.#tagged.set(found, tagged);
    }
    return tagged;
  }

  /** Whether numbers here have to be integers. */
  get takesIntegers(): boolean {
    return (
      this.alternatives.some(({ type }) => type === "integer") &&
      this.alternatives.every(({ type }) => type !== undefined && type !== "number")
    );
  }

  /** Whether only true and false are taken here, and perhaps null. */
  get takesBooleans(): boolean {
    const types = new Set(this.alternatives.map(({ type }) => type));
    types.delete("null");
    return types.size === 1 && types.has("boolean");
  }

  #names(key: string | number): boolean {
    return this.alternatives.some(({ properties, prefixItems }) =>
      typeof key === "number"
        ? key < (prefixItems?.length ?? 0)
        : key === "" || (properties !== undefined && Object.hasOwn(properties, key)),
    );
  }
}

function isSecret({ format, writeOnly }: JsonSchema): boolean {
  return format === "password" || writeOnly === true;
}

/** @param above - The schemas that lead here: one may contain itself. */
function discriminatorOf(
  json: JsonSchema,
  root: JsonSchema,
  above: readonly JsonSchema[] = [],
): string | undefined {
  if (json.discriminator !== undefined) return json.discriminator.propertyName;
  if (above.includes(json)) return undefined;
  const inner = json.$ref === undefined ? onlyAlternative(json) : referredTo(json.$ref, root);
  return inner && discriminatorOf(inner, root, [...above, json]);
}

/** What a schema takes beside null, if that is one thing. */
function onlyAlternative({ anyOf = [] }: JsonSchema): JsonSchema | undefined {
  const others = anyOf.filter(({ type }) => type !== "null");
  return others.length === 1 ? others[0] : undefined;
}
