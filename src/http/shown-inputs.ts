import { type Markup, markup } from "../app/markup.ts";
import type { Operation } from "../app/operation.ts";
import { headerValues, type RawRequest } from "../operation/raw.ts";
import { LoggedUrls } from "./logged-url.ts";
import { HIDDEN, Redaction } from "./redaction.ts";
import { SecretNames } from "./secret-names.ts";

const MAX_BODY_CHARS = 4_000;

const names = new SecretNames([]);
const redaction = new Redaction(names);
const urls = new LoggedUrls({ rootPath: "", log: { secrets: [], queryValues: true, skipPaths: [] } });

/** The URL of a request without what is secret in it. */
export function shownUrl({ url }: RawRequest, operation: Operation): string {
  return urls.of(url, operation);
}

/** What a request has brought, for a page: never its credentials, nor what the names of things say to be secret. */
export function inputsSection(request: RawRequest, operation: Operation): Markup {
  const query = new URLSearchParams(/\?([^#]*)/.exec(shownUrl(request, operation))?.[1] ?? "");
  return markup`<section>
<h2>The request</h2>
${table("Query", [...query])}
${table("Headers", headersOf(request))}
${bodySection(request)}
</section>`;
}

function table(title: string, rows: readonly (readonly [string, string])[]): Markup | undefined {
  if (rows.length === 0) return undefined;
  return markup`<table><caption>${title}</caption>
${rows.map(([name, value]) => markup`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`)}</table>`;
}

function headersOf({ headers }: RawRequest): [string, string][] {
  const rows: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    rows.push([name, names.isParameter(name) ? HIDDEN : (headers[i + 1] as string)]);
  }
  return rows;
}

function bodySection(request: RawRequest): Markup | undefined {
  const { body, parts } = request;
  if (parts !== undefined)
    return table(
      "Form",
      parts.map(([name, value]) => [name, shownPart(name, value)]),
    );
  // One that was handed over to a thread is there no longer.
  if (body === undefined || body.length === 0) return undefined;
  const [type = ""] = headerValues(request, "content-type");
  return markup`<h3>Body</h3><pre>${shownBody(body, type)}</pre>`;
}

function shownPart(name: string, value: unknown): string {
  if (names.isField(name)) return HIDDEN;
  return typeof value === "string" ? cut(value) : "(a file)";
}

function shownBody(body: Uint8Array, type: string): string {
  const text = Buffer.from(body).toString();
  try {
    if (/[/+]json\b/.test(type)) return cut(JSON.stringify(redaction.value(JSON.parse(text)), null, 2));
  } catch {
    return `(${body.length} bytes that are no JSON)`; // in what cannot be read, nothing can be hidden
  }
  if (!type.startsWith("application/x-www-form-urlencoded"))
    return `(${body.length} bytes of ${type || "no type"})`;
  return cut(
    [...new URLSearchParams(text)].map(([name, value]) => `${name} = ${shownPart(name, value)}`).join("\n"),
  );
}

function cut(text: string): string {
  return text.length <= MAX_BODY_CHARS ? text : `${text.slice(0, MAX_BODY_CHARS)}…`;
}
