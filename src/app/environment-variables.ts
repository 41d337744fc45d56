import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { coercionOf } from "../schema/coerce.ts";
import { branches, type JsonSchema } from "../schema/json-schema.ts";

/** What is looked for, and where. */
export interface VariableSource {
  readonly names: readonly string[];
  readonly file: string | URL | undefined;
  readonly at: SourceLocation;
}

/** The texts of variables that are set, and which of them a file says. */
export interface Texts {
  readonly texts: Readonly<Record<string, string>>;
  readonly fromFile: ReadonlySet<string>;
}

let onFileRead: ((file: string) => void) | undefined;

/** Has a function told of every file of variables, before it is looked for: development starts anew when one changes. */
export function whenVariablesRead(listener: (file: string) => void): void {
  onFileRead = listener;
}

/** Looks for variables: in the environment, then in the file. */
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
        fix: "name a file of lines like NAME=value, or leave file out",
        cause,
      },
    );
  }
}

/** How the text of a variable is read: as one of a query, or as JSON where a list or an object is wanted. */
export function coercionOfText(json: JsonSchema, root: JsonSchema): (text: string) => unknown {
  const coerce = coercionOf(json, root);
  const takesJson = branches(json, root).some(({ type }) => type === "array" || type === "object");
  if (!takesJson) return coerce;
  return (text) => parsed(text) ?? coerce(text);
}

function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The message of a mistake, without the value it is about: a schema library may quote what it received, and the next
 * password is in a variable that nobody has declared as a secret.
 */
export function withoutValues(message: string, text: string, value: unknown): string {
  const quotes = [text, ...leavesOf(value)].some(
    (one) => one !== "" && (message.includes(one) || message.includes(JSON.stringify(one).slice(1, -1))),
  );
  return quotes ? "Invalid input" : message;
}

function leavesOf(value: unknown): string[] {
  if (value !== null && typeof value === "object") return Object.values(value).flatMap(leavesOf);
  return [String(value)];
}
