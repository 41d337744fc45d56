import type { StandardSchemaV1 } from "@standard-schema/spec";
import { declaredSchema } from "./param.ts";
import type { AnySchema } from "./schema.ts";
import { type ZodSchema, zodInternals } from "./zod.ts";

type Issues = readonly StandardSchemaV1.Issue[];

/** What zod adds to an issue on request: the value that was refused, which `preprocess` may have made of what was sent. */
type IssueWithInput = StandardSchemaV1.Issue & { readonly code?: unknown; readonly input?: unknown };

/**
 * Whether what a schema has refused is something else than what was sent, since a `preprocess` of the user's has
 * replaced it.
 *
 * @param sent - The value at the issue's place.
 */
export function isReplaced(issue: IssueWithInput, sent: unknown): boolean {
  return issue.code === "invalid_type" && "input" in issue && !Object.is(issue.input, sent);
}

/** Issues of a value, with the values that were refused where a `preprocess` may have replaced some. */
export function issuesWithInputs(schema: AnySchema, value: unknown, issues: Issues): Issues {
  const declared = declaredSchema(schema);
  const zod = zodInternals(declared);
  if (zod === undefined || !hasPreprocess(declared as ZodSchema)) return issues;
  try {
    const result = zod.run({ value, issues: [] }, { async: false, reportInput: true });
    return result instanceof Promise ? unread(result, issues) : result.issues;
  } catch {
    return issues; // zod throws where a part of the schema has to be awaited
  }
}

function unread(result: Promise<unknown>, issues: Issues): Issues {
  result.catch(() => undefined);
  return issues;
}

const known = new WeakMap<ZodSchema, boolean>();

function hasPreprocess(schema: ZodSchema): boolean {
  let found = known.get(schema);
  if (found === undefined) {
    found = findPreprocess(schema, new Set());
    known.set(schema, found);
  }
  return found;
}

/** @param above - The schemas seen so far: one may contain itself. */
function findPreprocess(schema: ZodSchema, above: Set<ZodSchema>): boolean {
  if (above.has(schema)) return false;
  above.add(schema);
  const { def } = schema._zod;
  if (def.type === "pipe" && def.in?._zod.def.type === "transform") return true;
  const { element, innerType, valueType, shape = {}, items = [], rest, options = [] } = def;
  const parts = [element, innerType, valueType, rest, def.in, def.out, def.left, def.right, def.getter?.()];
  return [...parts, ...Object.values(shape), ...items, ...options].some(
    (part) => part != null && findPreprocess(part, above),
  );
}
