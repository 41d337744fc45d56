import { readFileSync } from "node:fs";
import type { SourceLocation } from "../../errors/offloop-error.ts";
import { scriptPath } from "../../errors/source-map.ts";
import { type LoadMistake, userModules } from "./user-modules.ts";

/**
 * Finds the code that keeps a module, or one that it imports, from being loaded; undefined when that cannot be
 * determined.
 */
export function syntaxMistake(error: SyntaxError, module: URL): LoadMistake | undefined {
  const at = shownPlace(error) ?? findPlace(module);
  if (at === undefined) return undefined;
  const code = codeFrom(at);
  if (code.startsWith("@"))
    return {
      what: "it has a decorator, which JavaScript does not know yet",
      at,
      fix: `call the decorator as a function, as in "method = log(() => ...)", or compile the app first; ${PAGE}`,
    };
  return { at, fix: fixOf(error, code) };
}

/** The package brings it along. */
const PAGE = 'see "TypeScript" in node_modules/offloop/docs/start.md';

/** What to write instead of TypeScript syntax that is more than types. */
const instead: Readonly<Record<string, (code: string) => string>> = {
  enum: (code) => `write an object: ${enumAsObject(code) ?? 'const Color = { red: "red" } as const'}`,
  "parameter property": () => "declare the field, and assign it in the constructor",
  "namespace declaration": () => "make it a module, or an object",
};

function fixOf({ message }: SyntaxError, code: string): string {
  const kind = /^TypeScript (.+) (?:is|are) not supported in strip-only mode/.exec(message)?.[1];
  const name = / does not provide an export named '(\w+)'/.exec(message)?.[1];
  if (name !== undefined)
    return `write "type ${name}" if it is a type, which Node leaves out of the module, or correct the name; ${PAGE}`;
  if (kind === undefined) return "correct the code there";
  return `${instead[kind]?.(code) ?? "write it without syntax that TypeScript must compile"}; ${PAGE}`;
}

/** Matches the start of an enum, to the end of its members. */
const ENUM = /^(?:const\s+)?enum\s+(?<name>[\w$]+)\s*\{(?<members>[^}]*)\}/;
/** Matches a comment, a string, a name or number, or one character of anything else. */
const TOKEN = /\/\/.*|"[^"\n]*"|'[^'\n]*'|[\w$.-]+|\S/g;
/** An error is to stay readable. */
const SHOWN = 8;

/**
 * The object that replaces an enum, with the enum's own names and values: `const Color = { Red: 0 } as const`.
 * Undefined where a value is not a literal.
 *
 * @param code - The source from the enum on.
 */
function enumAsObject(code: string): string | undefined {
  const { name, members } = ENUM.exec(code)?.groups ?? {};
  if (name === undefined || members === undefined) return undefined;
  const fields = fieldsOf(members);
  if (fields === undefined) return undefined;
  const shown = fields.length > SHOWN ? [...fields.slice(0, SHOWN), "..."] : fields;
  return `const ${name} = { ${shown.join(", ")} } as const; type ${name} = (typeof ${name})[keyof typeof ${name}]`;
}

function fieldsOf(members: string): string[] | undefined {
  const tokens = (members.match(TOKEN) ?? []).filter((token) => !token.startsWith("//"));
  const fields: string[] = [];
  let next = 0;
  while (tokens.length > 0) {
    const key = tokens.shift() as string;
    const value = tokens[0] === "=" ? tokens.splice(0, 2)[1] : String(next);
    const end = tokens.shift() ?? ",";
    if (!/^["'\w$]/.test(key) || !isLiteral(value) || end !== ",") return undefined;
    fields.push(`${key}: ${value}`);
    next = Number(value) + 1; // as TypeScript counts on
  }
  return fields;
}

function isLiteral(value: string | undefined): value is string {
  return value !== undefined && (/^["']./.test(value) || Number.isFinite(Number(value)));
}

/** Node shows the location above the stack of most of these errors. */
function shownPlace({ stack = "" }: SyntaxError): SourceLocation | undefined {
  const [first = "", ...rest] = stack.split("\n");
  const place = /^(?<file>(?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(?<line>\d+)$/.exec(first);
  const mark = rest.find((line) => /^\s*\^+\s*$/.test(line)) ?? "^";
  const { file, line } = place?.groups ?? {};
  return file === undefined
    ? undefined
    : { file: scriptPath(file), line: Number(line), column: mark.indexOf("^") + 1 };
}

/** Reads the modules in Node's order, until one of them cannot be read. */
function findPlace(module: URL): SourceLocation | undefined {
  for (const { unreadable } of userModules(module)) if (unreadable !== undefined) return unreadable;
  return undefined;
}

/** The source from a position on; empty where it cannot be read. */
function codeFrom({ file, line, column }: SourceLocation): string {
  try {
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .slice(line - 1);
    return lines.join("\n").slice(column - 1);
  } catch {
    return "";
  }
}
