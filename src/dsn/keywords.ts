import type { Option } from "./address.ts";

/**
 * Reads libpq's `host=db dbname='my shop'`; undefined for any other form, such as pairs separated by semicolons.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
 */
export function readKeywords(text: string): Option[] | undefined {
  const found: Option[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const [name] = /^\w{1,30}/.exec(rest) ?? [];
    if (name === undefined) return undefined;
    const after = rest.slice(name.length).trimStart();
    if (!after.startsWith("=")) return undefined;
    const value = readValue(after.slice(1).trimStart());
    if (value === undefined) return undefined;
    found.push([name, value.text]);
    rest = value.rest.trimStart();
  }
  return found.length === 0 ? undefined : found;
}

interface Value {
  readonly text: string;
  readonly rest: string;
}

function readValue(text: string): Value | undefined {
  if (text.startsWith("'")) return readQuoted(text);
  const end = text.search(/\s/);
  const value = end < 0 ? text : text.slice(0, end);
  return value.includes(";") ? undefined : { text: value, rest: text.slice(value.length) };
}

/** Within quotes, a backslash makes the next character literal. */
function readQuoted(text: string): Value | undefined {
  let value = "";
  for (let at = 1; at < text.length; at++) {
    if (text[at] === "'") return { text: value, rest: text.slice(at + 1) };
    if (text[at] === "\\") at++;
    value += text[at] ?? "";
  }
  return undefined;
}
