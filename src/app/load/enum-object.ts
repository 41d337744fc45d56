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
export function enumAsObject(code: string): string | undefined {
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
