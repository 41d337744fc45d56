/** Matches the start of an enum, to the end of its members. */
const ENUM = /^(?:const\s+)?enum\s+(?<name>[\w$]+)\s*\{(?<members>[^}]*)\}/;
/** Matches one of its members whose value is a literal, or that has none. */
const MEMBER =
  /^\s*(?<key>[\w$]+|"[^"\n]*"|'[^'\n]*')\s*(?:=\s*(?<value>"[^"\n]*"|'[^'\n]*'|-?\d[\d_.]*))?\s*(?:,|$)/;
const COMMENT = /\/\/.*|\/\*[\s\S]*?\*\//g;
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
  const fields = fieldsOf(members.replace(COMMENT, "").trim());
  if (fields === undefined) return undefined;
  const shown = fields.length > SHOWN ? [...fields.slice(0, SHOWN), "..."] : fields;
  return `const ${name} = { ${shown.join(", ")} } as const; type ${name} = (typeof ${name})[keyof typeof ${name}]`;
}

function fieldsOf(members: string): string[] | undefined {
  const fields: string[] = [];
  let rest = members;
  let next = 0;
  while (rest !== "") {
    const found = MEMBER.exec(rest);
    if (found === null) return undefined;
    const { 0: text, groups: { key, value } = {} } = found;
    fields.push(`${key}: ${value ?? next}`);
    next = Number(value ?? next) + 1; // as TypeScript counts on
    rest = rest.slice(text.length).trim();
  }
  return fields;
}
