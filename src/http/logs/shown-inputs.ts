import type { App } from "../../app/app.ts";
import { type Markup, markup } from "../../app/markup.ts";
import type { Operation } from "../../app/operation.ts";
import { counted } from "../../errors/counted.ts";
import { shortened } from "../../errors/shown-value.ts";
import { headerValues, type RawRequest } from "../../operation/raw.ts";
import { type LoggedSettings, LoggedUrls } from "./logged-url.ts";
import { HIDDEN, Redaction } from "./redaction.ts";
import { SecretNames } from "./secret-names.ts";

const MAX_BODY_CHARS = 4_000;

/** Shows what a request has sent, for a page: never its credentials, nor anything that the app's log leaves out. */
export class ShownInputs {
  readonly #names: SecretNames;
  readonly #redaction: Redaction;
  readonly #urls: LoggedUrls;

  constructor({ rootPath, log }: LoggedSettings, app: App) {
    this.#names = new SecretNames(log.secrets);
    this.#redaction = new Redaction(this.#names);
    this.#urls = new LoggedUrls({ rootPath, log }, app);
  }

  /** Returns a request's URL without its secrets. */
  url({ url }: RawRequest, operation: Operation | undefined): string {
    return this.#urls.of(url, operation);
  }

  section(request: RawRequest, operation: Operation | undefined): Markup {
    const query = new URLSearchParams(/\?([^#]*)/.exec(this.url(request, operation))?.[1] ?? "");
    return markup`<section>
<h2>The request</h2>
${table("Query", [...query])}
${table("Headers", this.#headers(request))}
${this.#body(request)}
</section>`;
  }

  #headers({ headers }: RawRequest): [string, string][] {
    const rows: [string, string][] = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      rows.push([name, this.#names.isParameter(name) ? HIDDEN : (headers[i + 1] as string)]);
    }
    return rows;
  }

  #body(request: RawRequest): Markup | undefined {
    const { body, parts } = request;
    if (parts !== undefined) {
      const rows = parts.map(([name, value]): [string, string] => [name, this.#part(name, value)]);
      return table("Form", rows);
    }
    // A body that was handed over to a thread is no longer there.
    // A plugin may have parsed it for its own routes.
    if (!(body instanceof Uint8Array) || body.length === 0) return undefined;
    const [type = ""] = headerValues(request, "content-type");
    return markup`<h3>Body</h3><pre>${this.#bodyText(body, type)}</pre>`;
  }

  #part(name: string, value: unknown): string {
    if (this.#names.isField(name)) return HIDDEN;
    return typeof value === "string" ? shortened(value, MAX_BODY_CHARS) : "(a file)";
  }

  #bodyText(body: Uint8Array, type: string): string {
    const text = Buffer.from(body).toString();
    try {
      if (/[/+]json\b/.test(type))
        return shortened(JSON.stringify(this.#redaction.value(JSON.parse(text)), null, 2), MAX_BODY_CHARS);
    } catch {
      return `(${counted(body.length, "byte")}, not JSON)`; // nothing can be hidden in what cannot be read
    }
    if (!type.startsWith("application/x-www-form-urlencoded"))
      return `(${counted(body.length, "byte")} of ${type || "no type"})`;
    const fields = [...new URLSearchParams(text)];
    const lines = fields.map(([name, value]) => `${name} = ${this.#part(name, value)}`);
    return shortened(lines.join("\n"), MAX_BODY_CHARS);
  }
}

function table(title: string, rows: readonly (readonly [string, string])[]): Markup | undefined {
  if (rows.length === 0) return undefined;
  return markup`<table><caption>${title}</caption>
${rows.map(([name, value]) => markup`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`)}</table>`;
}
