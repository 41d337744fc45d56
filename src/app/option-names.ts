import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";

/** Refuses options that nothing reads, with a type that no value fits, which the compiler's message then quotes. */
export type CheckedOptions<S, Known extends PropertyKey> = [Exclude<keyof S, Known>] extends [never]
  ? unknown
  : { readonly [Name in Exclude<keyof S, Known>]: ThereIsNoOption<Name> };

/** An object: with a text in its place, no option could have any value, and the message would name the wrong one. */
interface ThereIsNoOption<Name> {
  readonly [noOption]: Name;
}
declare const noOption: unique symbol;

/**
 * Refuses options that nothing reads, such as a misspelt one, which would be silently ignored.
 *
 * @param action - What the mistake prevents: "declare GET /".
 * @param known - Every valid name: a record of an interface's keys, which the compiler keeps complete.
 * @param at - A function where this is called often, since finding the user's line is slow.
 * @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN`.
 */
export function checkOptionNames(
  action: string,
  options: object,
  known: Readonly<Record<string, true>>,
  at: SourceLocation | (() => SourceLocation),
): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const { hint, fix } = advice(unknown, Object.keys(known));
  throw new OffloopError(
    "OFFLOOP_OPTION_UNKNOWN",
    `Cannot ${action}: there is no option "${unknown}"${hint}`,
    {
      at: typeof at === "function" ? at() : at,
      fix,
    },
  );
}

/** What FastAPI and Fastify call an option whose name here has other letters. */
const foreign: Readonly<Record<string, readonly string[]>> = {
  dependencies: ["deps"],
  use_cache: ["cache"],
  model: ["schema"],
  schema: ["query", "params", "body", "response"],
  strict: ["strictTypes"],
  coerceTypes: ["strictTypes"],
};

/** What to write instead of an option of this name. */
const otherwise: Readonly<Record<string, string>> = {
  mediaType: 'write content: { "application/problem+json": { schema } }',
};

/** Options that belong one level deeper. */
const inner: Readonly<Record<string, string>> = {
  retries: "durable",
  backoffMs: "durable",
  concurrency: "durable",
  ordered: "durable",
  keepMs: "durable",
  strictTypes: "inputs",
};

function advice(unknown: string, known: readonly string[]): { readonly hint: string; readonly fix: string } {
  const outer = Object.hasOwn(inner, unknown) ? String(inner[unknown]) : "";
  if (known.includes(outer))
    return { hint: `; it is an option of "${outer}"`, fix: `write ${outer}: { ${unknown}: ... }` };
  if (known.includes("content") && Object.hasOwn(otherwise, unknown))
    return { hint: "", fix: String(otherwise[unknown]) };
  const named = Object.hasOwn(foreign, unknown) ? (foreign[unknown] ?? []) : [];
  const [first, ...more] = named.filter((name) => known.includes(name));
  const meant = first ?? nearest(unknown, known);
  if (meant === undefined)
    return { hint: "", fix: `remove it, or use one of ${known.toSorted().join(", ")}` };
  if (more.length === 0) return { hint: `; did you mean "${meant}"?`, fix: `write "${meant}", or remove it` };
  const all = [meant, ...more].join(", ");
  return { hint: `; ${all} are separate options`, fix: `pass its parts as ${all}` };
}

/** The name that was probably meant: one with the same beginning, or with at most a third of its letters different. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = plainName(name);
  const [best] = known
    .map((candidate) => ({ candidate, steps: slips(plain, plainName(candidate)) }))
    .filter(({ candidate, steps }) => steps <= candidate.length / 3)
    .sort((a, b) => a.steps - b.steps);
  // FastAPI's `status_code` and `response_model` begin with the names used here.
  const beginning = known.find((candidate) => candidate.length > 3 && plain.startsWith(plainName(candidate)));
  return best?.candidate ?? beginning;
}

/** Swapped letters count as one slip. */
function slips(from: string, to: string): number {
  const sorted = (word: string): string => [...word].sort().join("");
  return sorted(from) === sorted(to) ? Math.min(1, distance(from, to)) : distance(from, to);
}

function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

/** How many letters to add, remove or replace to turn one word into the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
