import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import type { App } from "../../app/app.ts";
import { Markup, markup } from "../../app/markup.ts";
import type { Operation } from "../../app/operation.ts";
import { type DescribedError, headOf } from "../../errors/described-error.ts";
import { formatLocation, type SourceLocation } from "../../errors/offloop-error.ts";
import { excerptOf } from "../../errors/source-excerpt.ts";
import { type StackFrame, stackFrames } from "../../errors/stack-frames.ts";
import type { Around } from "../../lanes/around.ts";
import { headerValues, type RawReply, type RawRequest } from "../../operation/raw.ts";
import type { RequestAddresses } from "../failures.ts";
import type { LoggedSettings } from "../logs/logged-url.ts";
import { ShownInputs } from "../logs/shown-inputs.ts";

const SHOWN_FRAMES = 6;
const LINES_AROUND = 5;

/**
 * In development, shows browsers a page about what went wrong in an operation or a plugin: same status, with the page as the
 * body.
 */
export function showFailures(
  app: App,
  settings: LoggedSettings,
  inspector: RequestAddresses | undefined,
): Around {
  const inputs = new ShownInputs(settings, app);
  return {
    failure: (operation, request, reply) =>
      reply.error === undefined || reply.error.isAnswered || !acceptsHtml(request)
        ? reply
        : withPage(reply, reply.error, { operation, request, inputs, inspector }),
  };
}

/** What went wrong, and where. */
interface Failed {
  /** Undefined where a plugin answers, or nothing does. */
  readonly operation: Operation | undefined;
  readonly request: RawRequest;
  readonly inputs: ShownInputs;
  readonly inspector: RequestAddresses | undefined;
}

async function withPage(reply: RawReply, error: DescribedError, failed: Failed): Promise<RawReply> {
  const { text } = await debugPage(error, reply.status, failed);
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return {
    ...reply,
    mediaType: "text/html; charset=utf-8",
    headers: [...(reply.headers ?? []), ["content-security-policy", policy], ["cache-control", "no-store"]],
    body: text,
  };
}

/** A browser that navigates to a page names HTML; `fetch`, curl and API clients do not. */
function acceptsHtml(request: RawRequest): boolean {
  const accept = headerValues(request, "accept").join(", ");
  const [, quality] = /(?:^|,)\s*text\/html\s*(?:;\s*q=([\d.]+)\s*)?(?:[,;]|$)/i.exec(accept) ?? ["", "0"];
  return Number(quality ?? 1) > 0;
}

async function debugPage(
  error: DescribedError,
  status: number,
  { operation, request, inputs, inspector }: Failed,
): Promise<Markup> {
  // The inspector knows only what ran on a lane.
  const address = operation && inspector?.addressOf(request.id);
  const link =
    address === undefined ? undefined : markup` <a href="${address}">Look at it in the inspector</a>.`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${error.type}: ${firstLine(error.message)}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header><p>${status} &middot; ${request.method} ${inputs.url(request, operation)}</p></header>
<main>
${await errorSection(error)}
${inputs.section(request, operation)}
</main>
<footer>
<p>${operation === undefined ? "No operation is declared here." : declaredText(operation)} Request ${request.id}.${link}</p>
<p>Only browsers see this page, and only in development: everybody else gets <code>{"detail": ...}</code>.</p>
</footer>
</body>
</html>
`;
}

function declaredText({ id, lane, location }: Operation): string {
  const where = lane === "loop" ? "on the event loop" : "on a thread";
  return `${id} runs ${where} and is declared at ${formatLocation(location)}.`;
}

async function errorSection(error: DescribedError, isCause = false): Promise<Markup> {
  const { message, cause, stack } = error;
  const frames = stackFrames(error).slice(0, SHOWN_FRAMES);
  const title = headOf(error);
  return markup`<section>
<h${isCause ? 2 : 1}>${isCause ? "Caused by " : ""}${title}</h${isCause ? 2 : 1}>
<p class="message">${message}</p>
${await Promise.all(frames.map((frame, index) => frameSection(frame, index === 0)))}
${stack === undefined ? undefined : markup`<details><summary>The whole stack</summary><pre>${stack}</pre></details>`}
</section>
${cause === undefined ? undefined : await errorSection(cause, true)}`;
}

async function frameSection(frame: StackFrame, isOpen: boolean): Promise<Markup> {
  const source = await readFile(frame.file, "utf8").catch(() => undefined);
  const name = frame.name === undefined ? undefined : markup`<code>${frame.name}</code> `;
  return markup`<details class="frame"${isOpen ? markup` open` : undefined}>
<summary>${name}${formatLocation(frame)}</summary>
${source === undefined ? undefined : markup`<pre tabindex="0">${excerpt(source, frame)}</pre>`}
<p><a href="${editorUrl(frame)}">Open it in the editor</a></p>
</details>
`;
}

/** Editors that open `name://file/path:line:column`, by the name of their command. */
const likeVsCode = ["cursor", "windsurf", "vscodium", "zed"];

/**
 * Returns the URL that opens a location in an editor: the one this terminal belongs to, or the one its variables name.
 * VS Code where neither applies.
 */
function editorUrl({ file, line, column }: SourceLocation): string {
  const { EDITOR = "", VISUAL = "", TERMINAL_EMULATOR = "" } = process.env;
  const { pathname } = pathToFileURL(file);
  if (/jetbrains/i.test(TERMINAL_EMULATOR))
    return `idea://open?file=${encodeURIComponent(file)}&line=${line}&column=${column}`;
  const named = likeVsCode.find((name) => `${VISUAL} ${EDITOR}`.toLowerCase().includes(name)) ?? "vscode";
  return `${named}://file${pathname}:${line}:${column}`;
}

/** The numbered source lines around a location, with its own line marked. */
function excerpt(source: string, { line }: StackFrame): Markup[] {
  return excerptOf(source, line, LINES_AROUND).map(({ text, isMarked }) =>
    isMarked ? markup`<mark>${text}\n</mark>` : markup`${text}\n`,
  );
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] as string;
}

const style = `
:root { color-scheme: light dark; background: Canvas; color: CanvasText; --error: light-dark(#b42318, #ff8a80); --quiet: light-dark(#667085, #98a2b3);
  --panel: light-dark(#f5f6f8, #1d2027); --mark: light-dark(#ffe1dc, #5a2320); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { margin: 0; overflow-wrap: anywhere; }
:is(h1, h2):has(+ .message) { color: var(--error); }
pre, code { font: 14px/1.5 ui-monospace, monospace; }
pre { background: var(--panel); border-radius: 6px; padding: .75rem; overflow-x: auto; margin: .5rem 0; }
details:not(.frame) > pre { white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: var(--mark); color: inherit; display: block; width: max-content; min-width: 100%; }
section { margin-bottom: 2rem; }
.message { font-size: 1.2rem; white-space: pre-wrap; overflow-wrap: anywhere; }
header > p, summary, footer { color: var(--quiet); overflow-wrap: anywhere; }
summary { cursor: pointer; list-style-position: outside; margin-left: 1.1rem; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .2rem .75rem .2rem 0; overflow-wrap: anywhere; }
th { font-weight: 400; color: var(--quiet); width: 14rem; }
`;
