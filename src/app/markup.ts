/** Text that may appear in HTML unescaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** HTML that escapes everything put into it, except other markup. Lists are joined; undefined produces nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly unknown[]): Markup {
  return new Markup(strings.map((string, index) => `${textOf(values[index - 1])}${string}`).join(""));
}

function textOf(value: unknown): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join("");
  return String(value).replaceAll(/[&<>"']/g, (character) => entities[character] as string);
}
