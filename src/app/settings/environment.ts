import type { ValidationDetail } from "../../errors/http-error.ts";
import { callerLocation, callerModule } from "../../errors/location.ts";
import { OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { inputJsonSchema, propertiesOf } from "../../schema/json-schema.ts";
import { paramOptions } from "../../schema/param.ts";
import { type AnySchema, isSchema, type Schemas, type ValuesOf } from "../../schema/schema.ts";
import { Shape } from "../../schema/shape.ts";
import { compileSchema, validate } from "../../schema/validate.ts";
import { findUncloneable } from "../cloneable.ts";
import { schemaInvalid } from "../inputs.ts";
import { checkOptionNames } from "../option-names.ts";
import { Bindings } from "./bindings.ts";
import { Mistakes, type Variable } from "./environment-mistakes.ts";
import { coercionOfText, foundTexts, type Texts, type VariableSource } from "./environment-variables.ts";

/** Where to read settings from, in addition to the environment. */
export interface SettingsOptions {
  /**
   * A file of variables, like `".env"`: a path relative to the working directory, or a URL. The environment takes
   * precedence. A missing file is ignored. Default: none.
   */
  readonly file?: string | URL | undefined;
}

const optionNames: Readonly<Record<keyof SettingsOptions, true>> = { file: true };

/** @internal */
const LIVE: unique symbol = Symbol("offloop.settings");

/** Settings as returned by `settings`: read-only; a test replaces them with `override`. */
export type Settings<Values> = Values & {
  /** @internal */
  readonly [LIVE]: LiveSettings;
};

/** The current settings of one call. */
export class LiveSettings {
  readonly location: SourceLocation;
  readonly #read: Readonly<Record<string, unknown>>;
  readonly #replaced = new Bindings<object>();

  constructor(read: Readonly<Record<string, unknown>>, location: SourceLocation) {
    this.#read = read;
    this.location = location;
  }

  get names(): string[] {
    return Object.keys(this.#read);
  }

  value(name: string): unknown {
    const { replaced } = this;
    return Object.hasOwn(replaced, name) ? replaced[name] : this.#read[name];
  }

  /** The replaced settings. */
  get replaced(): Readonly<Record<string, unknown>> {
    return Object.assign({}, ...this.#replaced.all);
  }

  /** Replaces some of them, until the function it returns is called. */
  replace(values: object): () => void {
    return this.#replaced.bind(values);
  }
}

/**
 * Reads settings from the environment when the app's module loads: pydantic-settings' `BaseSettings`. Each name is that
 * of its variable, or the alias given with `param`. Texts are read like query parameters, so use `z.int()`, not
 * `z.coerce.number()`; a list or an object may be written as JSON. A variable that is set to nothing is an empty text
 * where its schema takes one, and absent where it does not. Every thread has the values that the main thread has
 * read, whatever has changed since.
 *
 * @param declared - A schema for each variable, or one object schema for all of them.
 * @param options - A file to read in addition to the environment.
 * @returns The values, typed; read them where you need them. `override` of `offloop/testing` replaces them in a test.
 * @throws {OffloopError} `OFFLOOP_SETTINGS_INVALID` with everything that is missing or wrong, by name and without its
 * value; `OFFLOOP_SCHEMA_INVALID` for a value that is not a schema, or for a schema that must be awaited;
 * `OFFLOOP_OPTION_UNKNOWN`.
 * @example
 * ```ts
 * import { settings } from "offloop";
 * import { z } from "zod";
 *
 * const env = settings({ APP_NAME: z.string().default("Shop"), PORT: z.int().default(8000) }, { file: ".env" });
 * console.log(env.APP_NAME, env.PORT);
 * ```
 */
export function settings<S extends Schemas | AnySchema>(
  declared: S,
  options: SettingsOptions = {},
): Settings<ValuesOf<S>> {
  const at = callerLocation();
  checkOptionNames("read settings", options, optionNames, at);
  checkFile(options.file, at);
  const variables = variablesOf(declared, at);
  const call = callsAt(`${callerModule()}:${at.line}:${at.column}`);
  const source: VariableSource = { names: variables.map(({ wireName }) => wireName), file: options.file, at };
  const texts = call.given?.texts ?? foundTexts(source);
  const live = new LiveSettings(readValues(declared, variables, texts, source), at);
  if (call.given !== undefined) live.replace(call.given.replaced);
  call.record(texts, live);
  const own = Object.defineProperty({}, LIVE, { value: live });
  for (const name of live.names)
    Object.defineProperty(own, name, { get: () => live.value(name), enumerable: true });
  return Object.freeze(own) as Settings<ValuesOf<S>>;
}

/** A number would name an open file, which may never end. */
function checkFile(file: unknown, at: SourceLocation): void {
  if (file === undefined || typeof file === "string" || file instanceof URL) return;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot read settings: expected file to be a path or a URL, got ${shownValue(file)}`,
    { at, fix: 'write file: ".env", or leave file out' },
  );
}

function variablesOf(declared: unknown, at: SourceLocation): Variable[] {
  if (isSchema(declared)) {
    const root = inputJsonSchema(declared) ?? {};
    return [...propertiesOf(root)].map(([name, json]) => ({
      name,
      wireName: name,
      shape: Shape.of(root).at(name),
      read: coercionOfText(json, root),
    }));
  }
  if (declared === null || typeof declared !== "object") throw schemaInvalid("the settings", declared, at);
  return Object.entries(declared).map(([name, schema]) => {
    if (!isSchema(schema)) throw schemaInvalid(`the setting ${name}`, schema, at);
    const json = inputJsonSchema(schema) ?? {};
    const { alias: wireName = name } = paramOptions(schema);
    return { name, wireName, shape: Shape.of(json), read: coercionOfText(json, json) };
  });
}

const limits = { lane: "loop", maxMistakes: 1_000, maxEchoedChars: 1_000, strictTypes: false } as const;

function readValues(
  declared: Schemas | AnySchema,
  variables: readonly Variable[],
  found: Texts,
  source: VariableSource,
): Record<string, unknown> {
  const mistakes = new Mistakes(variables, found, source, isSchema(declared));
  const set = variables.flatMap((variable) => {
    const text = found.texts[variable.wireName];
    return text === undefined ? [] : [{ variable, text }];
  });
  const texts = new Map(set.map(({ variable, text }) => [variable.name, text]));
  const read = Object.fromEntries(set.map(({ variable, text }) => [variable.name, variable.read(text)]));
  const check = (schema: AnySchema, value: unknown, loc: readonly string[]): unknown => {
    const given = checked(schema, value, loc);
    const result = isRefused(given) ? (withoutEmpty({ schema, value, loc }, given, texts) ?? given) : given;
    if (result instanceof Promise) {
      // zod tries a schema that throws once more asynchronously: what it throws then may quote the value, too.
      result.catch(() => undefined);
      throw awaited(loc, source.at);
    }
    if ("thrown" in result) mistakes.addThrown(loc, result.thrown);
    else if (result.details === undefined) return result.value;
    else mistakes.add(result.details);
    return undefined;
  };
  const values = isSchema(declared)
    ? check(declared, read, [])
    : Object.fromEntries(
        Object.entries(declared).map(([name, schema]) => [name, check(schema, read[name], [name])]),
      );
  if (mistakes.any) throw mistakes.error();
  return values as Record<string, unknown>;
}

/** What a schema says of a value, or what it throws. */
type Checked = ReturnType<typeof validate> | { readonly thrown: unknown };

/** A rule or a transformation that throws, as JSON.parse does, says what it has received. */
function checked(schema: AnySchema, value: unknown, loc: readonly string[]): Checked {
  try {
    return validate(compileSchema(schema, limits), value, value, loc);
  } catch (thrown) {
    return { thrown };
  }
}

type Refused = { readonly details: ValidationDetail[] } | { readonly thrown: unknown };

function isRefused(result: Checked): result is Refused {
  return !(result instanceof Promise) && ("thrown" in result || result.details !== undefined);
}

/**
 * Checks once more, without the variables that are set to nothing where the schema takes no empty text: so `URL=`
 * switches an optional one off, even if the file sets it. Undefined where one of them is needed.
 */
function withoutEmpty(
  { schema, value, loc }: { schema: AnySchema; value: unknown; loc: readonly string[] },
  refused: Refused,
  texts: ReadonlyMap<string, string>,
): Checked | undefined {
  const named = "thrown" in refused ? [] : refused.details.map((detail) => String(detail.loc[0]));
  const empty = new Set([...loc, ...named].filter((name) => texts.get(name) === ""));
  if (empty.size === 0) return undefined;
  const left =
    loc.length > 0 ? undefined : Object.entries(value as object).filter(([name]) => !empty.has(name));
  const result = checked(schema, left && Object.fromEntries(left), loc);
  const isNeeded =
    isRefused(result) &&
    ("thrown" in result || result.details.some((detail) => empty.has(String(detail.loc[0]))));
  return isNeeded ? undefined : result;
}

function awaited([name]: readonly string[], at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_SCHEMA_INVALID",
    `Cannot read ${name === undefined ? "the settings" : `the setting ${name}`}: its schema checks asynchronously, or throws`,
    { at, fix: "check with a synchronous schema that reports what is wrong, and do the rest in a lifespan" },
  );
}

/** What one call of `settings` has read, in the form that threads receive. */
interface ReadOnce {
  readonly texts: Texts;
  readonly replaced: Readonly<Record<string, unknown>>;
}

/** What all calls have read, by their place in the source and in their order there. */
export type ReadEnvironment = ReadonlyMap<string, readonly ReadOnce[]>;

/**
 * Calls remembered per place: a call made for each request, instead of when the module loads, must not fill the memory.
 */
const MOST_CALLS = 100;

const calls = new Map<string, { readonly texts: Texts; readonly live: LiveSettings }[]>();
let given: ReadEnvironment = new Map();

/** The calls made at a place. In a thread a call is the counterpart of one that the main thread has made. */
function callsAt(place: string): {
  readonly given: ReadOnce | undefined;
  record(texts: Texts, live: LiveSettings): void;
} {
  const here = calls.get(place) ?? [];
  calls.set(place, here);
  return {
    given: given.get(place)?.[here.length],
    record: (texts, live) => void (here.length < MOST_CALLS && here.push({ texts, live })),
  };
}

/** What the main thread has read so far, for a new thread. */
export function readEnvironment(): ReadEnvironment {
  return new Map(
    [...calls].map(([place, made]) => [
      place,
      made.map(({ texts, live }) => ({ texts, replaced: live.replaced })),
    ]),
  );
}

/** What a variable was in the last call of `settings` that has read it, and where that call is. */
export function readVariable(
  name: string,
): { readonly text: string; readonly at: SourceLocation } | undefined {
  return [...calls.values()]
    .flat()
    .flatMap(({ texts: { texts }, live: { location: at } }) => {
      const text = texts[name];
      return text === undefined ? [] : [{ text, at }];
    })
    .at(-1);
}

/** In a thread, before the app is loaded: makes the same calls return the same values. */
export function takeEnvironment(read: ReadEnvironment): void {
  given = read;
}

/** Replaces some settings in a test. */
export class SettingsOverride {
  readonly settings: LiveSettings;
  readonly values: Readonly<Record<string, unknown>>;

  /**
   * @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN` for an unknown name, `OFFLOOP_NOT_CLONEABLE` for a value that
   * threads cannot receive.
   */
  constructor(settings: LiveSettings, values: Readonly<Record<string, unknown>>, at: SourceLocation) {
    const known = Object.fromEntries(settings.names.map((name) => [name, true] as const));
    checkOptionNames("override settings", values, known, at);
    const found = findUncloneable(values, "the settings");
    if (found !== undefined) {
      throw new OffloopError(
        "OFFLOOP_NOT_CLONEABLE",
        `Cannot override settings: ${found} cannot cross to threads`,
        {
          at,
          fix: "pass plain data",
        },
      );
    }
    this.settings = settings;
    this.values = values;
  }
}

/** The settings behind a value; undefined when it is something else. */
export function liveSettings(value: unknown): LiveSettings | undefined {
  return (value as { [LIVE]?: LiveSettings } | null | undefined)?.[LIVE];
}
