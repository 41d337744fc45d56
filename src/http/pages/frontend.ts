import { readdir, realpath, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join, sep } from "node:path";
import type { Frontend } from "../../app/frontend.ts";
import { HTTPError } from "../../errors/http-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { emptyReply, type RawReply } from "../../operation/raw.ts";

/**
 * Checks that the folder and its fallback exist.
 *
 * @throws {OffloopError} `OFFLOOP_FRONTEND_FOLDER`.
 */
export async function checkFrontend({ folder, fallback, path, location: at }: Frontend): Promise<void> {
  const names = await readdir(folder).catch(() => undefined);
  const wanted = fallback === "auto" || fallback === null ? undefined : fallback;
  if (names !== undefined && (wanted === undefined || names.includes(wanted))) return;
  const what = names === undefined ? `${folder} is not a folder` : `there is no ${wanted} in ${folder}`;
  throw new OffloopError("OFFLOOP_FRONTEND_FOLDER", `Cannot serve a front end at ${path || "/"}: ${what}`, {
    at,
    fix: "build the front end first, or name the folder that it is built into",
  });
}

/**
 * Returns the reply of an app's front ends for a path that nothing else answers.
 *
 * @param frontends - The longest path first.
 * @param path - As sent, relative to the app's own root.
 * @returns A reply; or `"folder"` for a folder with a page, which must be requested with a trailing slash because
 * relative links in the page depend on it.
 * @throws {HTTPError} 404 or 405, as where there is no front end.
 */
export async function answerByFrontend(
  frontends: readonly Frontend[],
  request: IncomingMessage,
  path: string,
): Promise<RawReply | "folder"> {
  for (const frontend of frontends) {
    if (path !== frontend.path && !path.startsWith(`${frontend.path}/`)) continue;
    return answerFrom(frontend, request, path.slice(frontend.path.length));
  }
  throw new HTTPError(404, "Not Found");
}

async function answerFrom(
  { folder, fallback }: Frontend,
  request: IncomingMessage,
  path: string,
): Promise<RawReply | "folder"> {
  const isRead = request.method === "GET" || request.method === "HEAD";
  const served = { folder, root: await realpath(folder).catch(() => undefined) };
  const found = await findFile(served, namesOf(path));
  if (found !== undefined && !isRead) throw new HTTPError(405, "Method Not Allowed", { allow: "GET, HEAD" });
  if (found?.isIndex && !path.endsWith("/")) return "folder";
  if (found !== undefined) return fileReply(found.file, 200, request);
  const page = isRead && wantsPage(request) ? await findFallback(served, fallback) : undefined;
  if (page === undefined) throw new HTTPError(404, "Not Found");
  return fileReply(page.file, page.status, request);
}

/** Splits a path into its names; undefined when it cannot be the path of a served file. */
function namesOf(path: string): string[] | undefined {
  try {
    const names = path.split("/").map(decodeURIComponent);
    return names.some(isRefused) ? undefined : names.filter((name) => name !== "");
  } catch {
    return undefined; // not validly encoded
  }
}

/** A name that begins with a dot is hidden or leads out of the folder; one with a separator would be two names. */
function isRefused(name: string): boolean {
  return name.startsWith(".") || /[/\\\0]/.test(name);
}

/** The folder of a front end, and its real path: a deploy may point a link elsewhere. */
interface ServedFolder {
  readonly folder: string;
  /** Undefined when the folder no longer exists. */
  readonly root: string | undefined;
}

interface FoundFile {
  readonly file: string;
  /** Whether a folder was asked for. */
  readonly isIndex: boolean;
}

async function findFile(
  { folder, root }: ServedFolder,
  names: readonly string[] | undefined,
): Promise<FoundFile | undefined> {
  if (names === undefined) return undefined;
  const asked = join(folder, ...names);
  const kind = await kindOf(root, asked);
  if (kind === "file") return { file: asked, isIndex: false };
  const index = join(asked, "index.html");
  return kind === "folder" && (await kindOf(root, index)) === "file"
    ? { file: index, isIndex: true }
    : undefined;
}

/** Returns what a path points to; undefined when there is nothing, or when a link in it leads out of the folder. */
async function kindOf(root: string | undefined, path: string): Promise<"file" | "folder" | undefined> {
  if (root === undefined) return undefined;
  try {
    const real = await realpath(path);
    if (real !== root && !real.startsWith(root + sep)) return undefined;
    const found = await stat(real);
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : undefined;
  } catch {
    return undefined; // missing, unreadable, or with a name that is too long
  }
}

async function findFallback(
  { folder, root }: ServedFolder,
  fallback: Frontend["fallback"],
): Promise<{ readonly file: string; readonly status: number } | undefined> {
  const pages = { "404.html": 404, "index.html": 200 };
  for (const [name, status] of Object.entries(pages)) {
    if (fallback !== "auto" && fallback !== name) continue;
    const file = join(folder, name);
    if ((await kindOf(root, file)) === "file") return { file, status };
  }
  return undefined;
}

/** A browser that navigates to a page asks for HTML; requests from a script or an image do not. */
function wantsPage({ headers: { accept = "" } }: IncomingMessage): boolean {
  return accept.split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const isRefusedByClient = parameters.some((one) => /^q=0(\.0*)?$/.test(one));
    return (type === "text/html" || type === "application/xhtml+xml") && !isRefusedByClient;
  });
}

const encodings = { br: ".br", gzip: ".gz" };
const accepting = { br: acceptingOf("br"), gzip: acceptingOf("gzip") };

/** Matches an `Accept-Encoding` that does not refuse the encoding. */
function acceptingOf(encoding: keyof typeof encodings): RegExp {
  return new RegExp(`(^|[\\s,])${encoding}(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`, "i");
}

async function fileReply(file: string, status: number, request: IncomingMessage): Promise<RawReply> {
  const headers: [string, string][] = [["cache-control", cachingOf(file)]];
  const packed = await packedBeside(file, request);
  if (packed.some) headers.push(["vary", "Accept-Encoding"]);
  if (packed.encoding !== undefined) headers.push(["content-encoding", packed.encoding]);
  const chosen = packed.encoding === undefined ? file : file + encodings[packed.encoding];
  return { ...emptyReply, status, mediaType: await mediaTypeOf(file), headers, body: { file: chosen } };
}

interface Packed {
  /** Whether any copy exists. */
  readonly some: boolean;
  /** The encoding of the copy to send; undefined when the client accepts none. */
  readonly encoding: keyof typeof encodings | undefined;
}

/** Finds the compressed copies that the build made of a file, and picks one the client accepts. */
async function packedBeside(file: string, { headers }: IncomingMessage): Promise<Packed> {
  const names = Object.keys(encodings) as (keyof typeof encodings)[];
  const beside = await realpath(join(file, "..")).catch(() => undefined);
  const there = await Promise.all(names.map((name) => kindOf(beside, file + encodings[name])));
  const some = names.filter((_, index) => there[index] === "file");
  const accepted = String(headers["accept-encoding"] ?? "");
  const encoding = some.find((name) => accepting[name].test(accepted));
  return { some: some.length > 0, encoding };
}

async function mediaTypeOf(file: string): Promise<string> {
  const { mime } = await import("@fastify/send");
  const type = mime.getType(file) ?? "application/octet-stream";
  return /^text\/|javascript|json$|xml$/.test(type) ? `${type}; charset=utf-8` : type;
}

/** Folders in which bundlers name files by their content. */
const BUILT = /[\\/](assets|_astro|_app[\\/]immutable|_next[\\/]static|static[\\/](js|css|media))[\\/]/;
const BASE64_OF_EIGHT = /^[.-][\w-]{8}$/;
/** Recognised as a hash in any folder: hexadecimal, or Angular's capitals and digits. */
const HASH = /[.-](?=[a-f]*\d)(?=\d*[a-f])[\da-f]{8,}\.|[.-](?=[A-Z]*\d)(?=\d*[A-Z])[\dA-Z]{8}\./;

/** A file whose name changes with its content may be cached; clients revalidate all others. */
function cachingOf(file: string): string {
  const name = file.slice(file.lastIndexOf(sep) + 1);
  const isHashed = HASH.test(name) || (BUILT.test(file) && isBuiltName(name));
  return isHashed ? "public, max-age=31536000, immutable" : "no-cache";
}

/**
 * Vite, Rollup and esbuild put eight base64 characters before the extension, or before the last two extensions, not all
 * of them lower-case letters.
 */
function isBuiltName(name: string): boolean {
  const parts = name.split(".");
  return [1, 2].some((extensions) => {
    const end = `.${parts.slice(0, -extensions).join(".")}`.slice(-9);
    return parts.length > extensions && BASE64_OF_EIGHT.test(end) && /[\dA-Z]/.test(end);
  });
}
