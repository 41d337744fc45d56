import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";

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
