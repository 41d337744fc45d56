import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

type UntilDelimiter<S extends string> = S extends `${infer Name}${"/" | "-" | "." | "(" | "?" | ":"}${string}`
  ? UntilDelimiter<Name>
  : S;

/**
 * The names of the parameters in a path, in the syntax of Fastify's router: `"/users/:user_id/files/*"` gives
 * `"user_id" | "*"`. A path that is not a literal gives `string`.
 */
export type PathNames<Path extends string> = string extends Path
  ? string
  :
      | (Path extends `${string}:${infer Rest}` ? UntilDelimiter<Rest> | PathNames<Rest> : never)
      | (Path extends `${string}*` ? "*" : never);

/**
 * A parameter as the router reads it: its name, a pattern in brackets and a question mark, if it has them; or the `*` at
 * the end. Two colons are one that is written so.
 */
const PARAMETER = /::|:([^/\-.(?:]+)(?:\((?:[^()]|\([^()]*\))*\))?\??|\*$/g;

/** The same names at run time. */
export function pathNames(path: string): string[] {
  return [...path.matchAll(PARAMETER)].flatMap(([written, name = "*"]) => (written === "::" ? [] : [name]));
}

/** A path with something else in the place of each parameter. */
export function replaceParameters(path: string, instead: (name: string) => string): string {
  return path.replaceAll(PARAMETER, (written, name = "*") => (written === "::" ? ":" : instead(name)));
}

/** A path under a prefix, as far as that is known. */
export type PathWithin<Prefix extends string, Path extends string> = string extends Prefix
  ? Path
  : `${Prefix}${Path}`;

type LastSegment<S extends string> = S extends `${string}/${infer Rest}` ? LastSegment<Rest> : S;

type OptionalSegment<Path extends string> = Path extends `${infer Before}?/`
  ? LastSegment<Before>
  : Path extends `${infer Before}?`
    ? LastSegment<Before>
    : never;

/**
 * The names that a URL may lack, since the router also answers without their segment: `"n"` in `"/pages/:n?"`. Only a
 * last segment can be so.
 */
export type OptionalNames<Path extends string> =
  OptionalSegment<Path> extends infer Segment extends `:${string}`
    ? Segment extends `${string}(${string}`
      ? never
      : PathNames<Segment>
    : never;

const OPTIONAL_SEGMENT = /\/:[^/()?]*\?(?=\/?$)/;

/** The names that a URL may lack, at run time. */
export function optionalNames(path: string): string[] {
  return pathNames(OPTIONAL_SEGMENT.exec(path)?.[0] ?? "");
}

/** A path without its optional segment, as the router answers it, too. */
export function withoutOptional(path: string): string {
  return path.replace(OPTIONAL_SEGMENT, "") || "/";
}

/** A path without the names of its parameters, which the router does not distinguish: `"/items/:"`. `::` is a colon. */
export function pathPattern(path: string): string {
  return path.replaceAll(/::|:[^/\-.(]+/g, (part) => (part === "::" ? part : ":"));
}

/** The patterns that the router keeps a path under: two where its last parameter is optional. */
export function pathPatterns(path: string): string[] {
  const paths = optionalNames(path).length === 0 ? [path] : [path, withoutOptional(path)];
  return paths.map(pathPattern);
}

/**
 * A URL as sent, without its origin: a client that takes the server for a proxy sends the origin, too (RFC 9112,
 * 3.2.2), and the router ignores it.
 */
export function withoutOrigin(url: string): string {
  return url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?]*/i, "");
}

/**
 * The path of a URL as sent, ending where the router sees it end: a fragment, which should not be sent, is not part of
 * it either.
 */
export function pathOfUrl(url: string): string {
  return withoutOrigin(url).split(/[?#]/, 1)[0] as string;
}

/** A path without its last slash, or with one if it has none. */
export function withOtherSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
}

/** Joins a router's prefix and an operation's path: `"/items"` and `"/"` give `"/items/"`, as in FastAPI. */
export function joinPath(prefix: string, path: string): string {
  return prefix + path;
}

/** @throws {OffloopError} `OFFLOOP_PATH_INVALID` when the router could not use a path. */
export function checkPath(path: unknown, at: SourceLocation): asserts path is string {
  const mistake = pathMistake(path);
  if (mistake === undefined) return;
  const { why, fix } = mistake;
  throw new OffloopError("OFFLOOP_PATH_INVALID", `Cannot add an operation at ${shownValue(path)}: ${why}`, {
    at,
    fix,
  });
}

function pathMistake(path: unknown): { readonly why: string; readonly fix: string } | undefined {
  if (typeof path === "string" && /[{}]/.test(replaceParameters(path, () => ""))) return bracesMistake(path);
  if (typeof path !== "string" || !/^(\/|$)/.test(path))
    return { why: 'a path starts with "/"', fix: 'start it with "/"' };
  const early = /\/(:[^/()]*)\?(?=\/[^/])/.exec(path)?.[1];
  if (early !== undefined)
    return {
      why: `only its last parameter can be optional, and "${early}?" is not`,
      fix: `write ${JSON.stringify(path.replace(`${early}?`, early))}, and another operation for the path without it`,
    };
  const named = /^(.*)\/\*\w+$/.exec(path)?.[1]; // Express's name of the rest
  if (named !== undefined)
    return { why: 'the rest of a path is called "*"', fix: `write ${JSON.stringify(`${named}/*`)}` };
  return nextsMistake(path) ?? literalMistake(replaceParameters(path, () => ""));
}

/** A whole segment in square brackets: a name, or the rest of the path. */
const NEXTS = /\/\[(\[?)(\.\.\.)?([a-z_]\w*)\]?\](?=\/|$)/gi;

/** Next's and SvelteKit's names stand in square brackets. Elsewhere in a path brackets may be meant, as in `/items[0]`. */
function nextsMistake(path: string): { readonly why: string; readonly fix: string } | undefined {
  const written = path.replaceAll(NEXTS, (_, optional: string, rest: string | undefined, name: string) =>
    rest === undefined ? `/:${name}${optional === "" ? "" : "?"}` : "/*",
  );
  if (written === path) return undefined;
  const why = written.endsWith("/*") ? 'the rest of a path is called "*"' : "names are written :name";
  return { why, fix: `write ${JSON.stringify(written)}` };
}

/** FastAPI's names stand in braces, Express's optional parts. */
function bracesMistake(path: string): { readonly why: string; readonly fix: string } {
  const written = withColons(path.replaceAll(/\{\/(:\w+)\}$/g, "/$1?").replaceAll(/\{?\/\*\w+\}?$/g, "/*"));
  const why = /\{\/?[:*]/.test(path)
    ? 'an optional last part is written "/:name?"'
    : "names are written :name";
  return /[{}]/.test(written)
    ? { why, fix: "write an operation for each form of the path" }
    : { why, fix: `write ${JSON.stringify(written)}` };
}

/** @param literal - A path without its parameters. */
function literalMistake(literal: string): { readonly why: string; readonly fix: string } | undefined {
  if (literal.includes("*"))
    return {
      why: "* stands for the rest of a path",
      fix: "write * at its end, or a name, :name, for one part",
    };
  if (/[?#]/.test(literal))
    return {
      why: "a path ends before a query or a fragment",
      fix: "declare query parameters: { query: { ... } }",
    };
  return undefined;
}

/** The error for an operation that has neither a path nor a router with a prefix. */
export function pathEmpty(method: string, at: SourceLocation): OffloopError {
  return new OffloopError("OFFLOOP_PATH_INVALID", `Cannot add ${method} "": no router has a prefix for it`, {
    at,
    fix: 'write "/", or give the router a prefix',
  });
}

/**
 * Rewrites a path in FastAPI's syntax into the syntax used here; `{file_path:path}`, which also matches
 * slashes, is the wildcard.
 */
function withColons(path: string): string {
  const written = path.replaceAll(/\{\w+:path\}/g, "*").replaceAll(/\{(\w+)(?::[^{}]*)?\}/g, ":$1");
  return written.startsWith("/") ? written : `/${written}`;
}

/** @throws {OffloopError} `OFFLOOP_PATH_INVALID` when a prefix could not be joined to a path. */
export function checkPrefix(prefix: unknown, at: SourceLocation): asserts prefix is string {
  if (prefix === "" || (typeof prefix === "string" && prefix.startsWith("/") && !prefix.endsWith("/")))
    return;
  throw new OffloopError(
    "OFFLOOP_PATH_INVALID",
    `Cannot use the prefix ${shownValue(prefix)}: it must start with "/" and not end with one`,
    {
      at,
      fix: 'write it like "/items"',
    },
  );
}
