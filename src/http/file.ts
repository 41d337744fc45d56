import { once } from "node:events";
import { ReadStream } from "node:fs";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { resolve, sep } from "node:path";
import send, { type SendResult } from "@fastify/send";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import { HTTPError } from "../errors/http-error.ts";
import type { RawReply } from "../operation/raw.ts";

/**
 * Sends a file: all of it, the requested range, or 304 when the client has it already. A reply with a status other than
 * 200 is sent unchanged.
 *
 * @param onBroken - Told that the file became shorter while it was sent: the reply broke off.
 * @returns What to answer instead: 416 when the range lies beyond the end of the file, 412 when the client asked for
 * another version of it.
 * @throws {Error} When the file cannot be read.
 */
export async function writeFile(
  reply: FastifyReply,
  raw: RawReply,
  { file }: FileContent,
  onBroken: (thrown: unknown) => void,
): Promise<HTTPError | undefined> {
  const { method = "GET", headers } = reply.request.raw;
  const result = await find(file, {
    method,
    headers: raw.status === 200 ? conditionsOf(method, headers) : {},
  });
  if (result.type === "file") {
    // Nothing has been sent yet, so a file that cannot be opened can still be answered with an error.
    if (result.stream instanceof ReadStream) {
      await once(result.stream, "open");
      breakOffIfShort(reply, result.stream, Number(result.headers["Content-Length"]), onBroken);
    }
    reply.code(result.statusCode === 200 ? raw.status : result.statusCode);
    for (const [name, value] of Object.entries(result.headers))
      if (name === "Content-Length" || !reply.hasHeader(name))
        reply.header(name, name === "ETag" ? strong(value) : value);
    if (result.statusCode === 304) reply.removeHeader("content-type");
    reply.send(result.stream);
    return undefined;
  }
  result.stream.destroy();
  const range = result.headers["Content-Range"];
  if (result.statusCode === 416)
    return new HTTPError(
      416,
      "Range Not Satisfiable",
      range === undefined ? undefined : { "content-range": String(range) },
    );
  if (result.statusCode === 412) return new HTTPError(412, "Precondition Failed");
  throw new Error(`Cannot send ${JSON.stringify(file)}: there is no such file, or it cannot be read`);
}

/**
 * What was announced cannot be sent of a file that is cut while it is read, as one is that is written anew in its place. The
 * client would wait for the rest for as long as the connection is kept.
 */
function breakOffIfShort(
  reply: FastifyReply,
  content: ReadStream,
  length: number,
  onBroken: (thrown: unknown) => void,
): void {
  content.once("end", () => {
    if (content.bytesRead >= length) return;
    const file = JSON.stringify(content.path);
    onBroken(new Error(`Cannot send all of ${file}: it became shorter while it was sent`));
    reply.raw.destroy();
  });
}

/** A file's tag is its size and modification time. Starlette treats it as a strong tag; the library marks it weak. */
function strong(tag: string): string {
  return tag.replace(/^W\//, "");
}

/** What the library reads of a request. */
interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** One range of bytes (RFC 9110, section 14.1.2): `0-4`, `5-` or `-3`. */
const RANGE = /^(?:\d+-\d*|-\d+)$/;

/**
 * The ranges that a header asks for. One with a unit or a syntax that is not known asks for none, and is ignored (RFC
 * 9110, section 14.2): the library would take what numbers it finds for the range, or say that the file ends before it.
 */
function rangesOf(header: string | undefined): string | undefined {
  const [, list = ""] = /^bytes=(.*)$/is.exec(header ?? "") ?? [];
  const ranges = list.split(",").flatMap((one) => one.trim() || []);
  const isKnown = ranges.length > 0 && ranges.every((range) => RANGE.test(range));
  return isKnown ? `bytes=${ranges.join(",")}` : undefined;
}

/** A range of the last bytes, at least one. */
const SUFFIX = /[=,]\s*-0*[1-9]/;

/** Finds a file, and what of it the request asks for. */
async function find(file: string, asked: Asked): Promise<SendResult> {
  const [root, ...names] = resolve(file).split(sep);
  const result = await send(asked as IncomingMessage, names.map(encodeURIComponent).join("/"), {
    root: `${root}${sep}`,
    index: false,
    dotfiles: "allow",
    cacheControl: false,
  });
  const { headers } = asked;
  if (result.statusCode !== 416 || !SUFFIX.test(headers.range ?? "")) return result;
  // The suffix is longer than the file, which is then sent whole (RFC 9110, section 14.1.2); an empty one has no range.
  result.stream.destroy();
  const range = result.headers["Content-Range"] === "bytes */0" ? undefined : "bytes=0-";
  return find(file, { ...asked, headers: { ...headers, range } });
}

/**
 * Returns the headers that ask for less than the whole file, in the form the library is to read. Only a GET has ranges,
 * and only what a GET or a HEAD asks for may be left out: any other method has done its work (RFC 9110, sections 13.2.1
 * and 14.2). Where tags are compared strongly, a weak one never matches (sections 13.1.1 and 13.1.5). `Cache-Control`
 * is removed: a client's refusal to use caches is addressed to caches.
 */
function conditionsOf(
  method: string,
  { "cache-control": _, ...headers }: IncomingHttpHeaders,
): IncomingHttpHeaders {
  if (method !== "GET" && method !== "HEAD") return {};
  const ifMatch = headers["if-match"];
  const ifRange = headers["if-range"]?.toString();
  headers.range = rangesOf(headers.range);
  if (ifMatch !== undefined) headers["if-match"] = ifMatch.replaceAll(/W\/"[^"]*"/g, '""');
  if (method === "HEAD" || ifRange?.startsWith("W/")) delete headers.range;
  else if (ifRange?.startsWith('"')) headers["if-range"] = `W/${ifRange}`;
  return headers;
}
