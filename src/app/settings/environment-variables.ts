import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { OffloopError, type SourceLocation } from "../../errors/offloop-error.ts";
import { coercionOf } from "../../schema/coerce.ts";
import { branches, type JsonSchema } from "../../schema/json-schema.ts";

/** What to look for, and where. */
export interface VariableSource {
  readonly names: readonly string[];
  readonly file: string | URL | undefined;
  readonly at: SourceLocation;
}

/** The texts of the variables that are set, and which of them come from a file. */
export interface Texts {
  readonly texts: Readonly<Record<string, string>>;
  readonly fromFile: ReadonlySet<string>;
}

let onFileRead: ((file: string) => void) | undefined;

/** Calls the listener with every file of variables before it is read: development restarts when one changes. */
export function whenVariablesRead(listener: (file: string) => void): void {
  onFileRead = listener;
}

/** Looks up variables: in the environment first, then in the file. */
export function foundTexts({ names, file, at }: VariableSource): Texts {
  const inFile = file === undefined ? {} : readVariables(file, at);
  const texts: Record<string, string> = {};
  const fromFile = new Set<string>();
  for (const name of names) {
    const text = process.env[name] ?? (Object.hasOwn(inFile, name) ? inFile[name] : undefined);
    if (text === undefined) continue;
    texts[name] = text;
    if (process.env[name] === undefined) fromFile.add(name);
  }
  return { texts, fromFile };
}

function readVariables(file: string | URL, at: SourceLocation): NodeJS.Dict<string> {
  onFileRead?.(typeof file === "string" ? resolve(file) : fileURLToPath(file));
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return {};
    const why = code === "EISDIR" ? "it is a folder" : String(cause);
    throw new OffloopError(
      "OFFLOOP_SETTINGS_INVALID",
      `Cannot read the settings of ${String(file)}: ${why}`,
      {
        at,
        fix: "name a file with lines like NAME=value, or leave file out",
        cause,
      },
    );
  }
}

/** How to read the text of a variable: like a query parameter, or as JSON where a list or an object is expected. */
export function coercionOfText(json: JsonSchema, root: JsonSchema): (text: string) => unknown {
  const coerce = coercionOf(json, root);
  if (!takesJson(json, root)) return coerce;
  return (text) => (isMeantAsJson(text, json, root) ? parsed(text) : undefined) ?? coerce(text);
}

/** What is wrong with a text as JSON; undefined where it is right, or where no JSON is expected. */
export function jsonMistake(text: string, json: JsonSchema, root: JsonSchema): string | undefined {
  if (!takesJson(json, root) || !isMeantAsJson(text, json, root) || parsed(text) !== undefined)
    return undefined;
  return text.trim() === "" ? "is not valid JSON, it is empty" : "is not valid JSON";
}

function takesJson(json: JsonSchema, root: JsonSchema): boolean {
  return branches(json, root).some(({ type }) => type === "array" || type === "object");
}

/** Any other text is a list of one, or whatever else the schema takes. */
function isMeantAsJson(text: string, json: JsonSchema, root: JsonSchema): boolean {
  return /^\s*[[{]/.test(text) || branches(json, root).every(({ type }) => type === "object");
}

/** A text as JSON; undefined when it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
