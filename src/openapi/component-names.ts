import type { Form } from "../schema/json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { uniqueNames } from "./names.ts";
import { provisionalIndex, withRefs } from "./references.ts";

/** A schema as it was named: its reference to others by number. */
export interface NamedSchema {
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
 * A final name for every entry: its own when there is no other model of that name; `Item-Input` and `Item-Output` when
 * there are two, one for each form, as in FastAPI; else its own with a number.
 */
export function finalNames(entries: readonly NamedSchema[]): string[] {
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
 * Which model every entry is. Two are the same when they are equal all the way down, which is found by refining: first
 * by name and shape, then by what their references turned out to be, until nothing changes.
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
