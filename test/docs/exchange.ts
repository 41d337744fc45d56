/** A request that a page shows, and its response. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly status: number;
  /** Only those that the page shows. */
  readonly replyHeaders: Readonly<Record<string, string>>;
  readonly replyBody: string;
}

const HEADER = /^([\w-]+): (.*)$/;

/** Reads a block of them: method, path and body; headers; the arrow with status and body, or headers and after a gap the body. */
export function readExchanges(code: string): Exchange[] {
  return code
    .trim()
    .split(/\n\n+(?=[A-Z]+ \/)/)
    .map(readExchange);
}

function readExchange(text: string): Exchange {
  const lines = text.split("\n");
  const arrow = lines.findIndex((line) => line.startsWith("→"));
  const [, method = "", path = "", body] = /^([A-Z]+) (\S+)(?: (.*))?$/.exec(lines[0] ?? "") ?? [];
  const [, status, replyBody = ""] = /^→ (\d{3}) ?(.*)$/.exec(lines[arrow] ?? "") ?? [];
  if (path === "" || status === undefined) throw new Error(`no exchange: ${text}`);
  const after = lines.slice(arrow + 1);
  // A body that begins beside the status goes on below it; after headers it begins after a gap.
  const gap = replyBody === "" ? after.indexOf("") : -1;
  const headerLines = replyBody !== "" ? [] : gap === -1 ? after : after.slice(0, gap);
  const more = replyBody !== "" ? after : gap === -1 ? [] : after.slice(gap + 1);
  return {
    method,
    path,
    headers: headersOf(lines.slice(1, arrow)),
    body,
    status: Number(status),
    replyHeaders: headersOf(headerLines),
    replyBody: [replyBody, ...more].join("\n").trim(),
  };
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => HEADER.exec(line)?.slice(1) as [string, string]));
}
