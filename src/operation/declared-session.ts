import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Inputs } from "../app/inputs.ts";
import type { Session } from "../app/session.ts";
import { HTTPError } from "../errors/http-error.ts";
import { closedNames, inputJsonSchema } from "../schema/json-schema.ts";
import { type AnySchema, isSchema, type Schemas } from "../schema/schema.ts";

/**
 * A session with the part of it that is declared. Values in that part that do not fit, such as those kept by another
 * release, are dropped. The rest is left alone: other operations may have written it.
 *
 * @throws {HTTPError} 401 when something required is missing.
 */
export function acceptedSession(declared: NonNullable<Inputs["session"]>, data: Session): Session {
  return isSchema(declared) ? withFittingPart(declared, data) : { ...data, ...fittingKeys(declared, data) };
}

/** Where the values that the schema describes do not fit together, all of them are dropped. */
function withFittingPart(schema: AnySchema, data: Session): Session {
  const whole = check(schema, data);
  if (whole.issues === undefined) return { ...data, ...(whole.value as Session) };
  const named = closedNames(inputJsonSchema(schema) ?? {});
  const part = Object.keys(data).filter((key) => named?.has(key) ?? true);
  const wrong = new Set(whole.issues.map(keyOf));
  const fitting = part.filter((key) => !wrong.has(key));
  for (const kept of [part, fitting, []]) {
    const result = check(schema, picked(data, kept));
    if (result.issues !== undefined) continue;
    const rest = Object.keys(data).filter((key) => kept.includes(key) || !part.includes(key));
    return { ...picked(data, rest), ...(result.value as Session) };
  }
  throw new HTTPError(401, "Not authenticated");
}

/** The key of the session that an issue is about; undefined when it is about all of it. */
function keyOf({ path: [first] = [] }: StandardSchemaV1.Issue): PropertyKey | undefined {
  return typeof first === "object" ? first.key : first;
}

function picked(data: Session, keys: readonly string[]): Session {
  return Object.fromEntries(keys.map((key) => [key, data[key]]));
}

function fittingKeys(schemas: Schemas, data: Session): Session {
  return Object.fromEntries(
    Object.entries(schemas).map(([key, schema]) => {
      const sent = check(schema, data[key]);
      const fitting = sent.issues === undefined ? sent : check(schema, undefined);
      if (fitting.issues !== undefined) throw new HTTPError(401, "Not authenticated");
      return [key, fitting.value];
    }),
  );
}

function check(schema: AnySchema, value: unknown): StandardSchemaV1.Result<unknown> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) throw new TypeError("session: expected a schema that checks synchronously");
  return result;
}
