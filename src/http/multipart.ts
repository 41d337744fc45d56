import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished, pipeline } from "node:stream/promises";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ReceivedFile } from "../app/uploaded-file.ts";
import { HTTPError } from "../errors/http-error.ts";
import type { FormPart } from "../operation/raw.ts";

/** Starlette's limit: a larger file goes to disk while it arrives. */
const MEMORY_BYTES = 1_048_576;
/** Starlette's limits of fields and files together are 1000 each. */
const MAX_PARTS = 2000;

/**
 * Reads a multipart body while it arrives: fields as text, small files in memory, large ones on disk.
 *
 * @param maxBytes - Largest body accepted.
 * @throws {HTTPError} 400 when it is no multipart body, 413 when it is too large. Nothing is left on disk then.
 */
export async function readMultipart(
  headers: IncomingHttpHeaders,
  body: Readable,
  maxBytes: number,
): Promise<FormPart[]> {
  if (!/boundary=/i.test(headers["content-type"] ?? ""))
    throw new HTTPError(400, "Missing boundary in multipart.");
  const reading: Promise<FormPart>[] = [];
  try {
    const busboy = new Busboy({
      headers: headers as BusboyHeaders,
      limits: { parts: MAX_PARTS, fieldSize: maxBytes },
      isPartAFile: (_name, _type, filename) => filename !== undefined,
    });
    busboy.on("partsLimit", () =>
      busboy.destroy(new HTTPError(400, `Too many parts: ${MAX_PARTS} are accepted`)),
    );
    busboy.on("field", (name, value) => reading.push(Promise.resolve([name, value])));
    busboy.on("file", (name, content, filename, _encoding, mediaType) => {
      const part = receive(content, filename, mediaType).then((file): FormPart => [name, file ?? ""]);
      part.catch(() => {}); // looked at once the body has been read
      reading.push(part);
    });
    await pipeline(body, limitBytes(maxBytes), busboy);
    return await Promise.all(reading);
  } catch (error) {
    for (const part of await Promise.allSettled(reading))
      if (part.status === "fulfilled") await discardParts([part.value]);
    throw bodyError(error);
  }
}

/** What goes wrong in reading a body is the client's doing: it sent what it should not, or has gone. */
export function bodyError(error: unknown): HTTPError {
  return error instanceof HTTPError ? error : new HTTPError(400, "There was an error parsing the body");
}

/** Removes from disk what of a form is there. */
export async function discardParts(parts: readonly FormPart[]): Promise<void> {
  for (const [, value] of parts)
    if (typeof value !== "string" && value.path !== undefined) await rm(value.path, { force: true });
}

/** Passes bytes on; past the limit it throws a 413. */
export function limitBytes(maxBytes: number): (chunks: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* (chunks) {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > maxBytes) throw new HTTPError(413);
      yield chunk;
    }
  };
}

/** Gives undefined for the part that browsers send when no file was chosen. */
async function receive(
  content: Readable,
  filename: string | undefined,
  mediaType: string,
): Promise<ReceivedFile | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  let disk: WriteStream | undefined;
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (disk === undefined) chunks.push(chunk);
      if (disk === undefined && size > MEMORY_BYTES) disk = await spool(chunks.splice(0));
      else if (disk?.write(chunk) === false) await once(disk, "drain");
    }
    disk?.end();
    if (disk !== undefined) await finished(disk);
  } catch (error) {
    disk?.destroy();
    if (disk !== undefined) await rm(disk.path, { force: true });
    throw error;
  }
  if (size === 0 && !filename) return undefined;
  const bytes = disk === undefined ? Uint8Array.from(Buffer.concat(chunks)) : undefined;
  return { filename: filename ?? "", mediaType, size, bytes, path: disk?.path as string | undefined };
}

let folder: Promise<string> | undefined;

/** Only this user can read what is in the folder. */
async function spool(chunks: readonly Buffer[]): Promise<WriteStream> {
  folder ??= mkdtemp(join(tmpdir(), "offloop-"));
  const disk = createWriteStream(join(await folder, randomUUID()), { flags: "wx", mode: 0o600 });
  for (const chunk of chunks) disk.write(chunk);
  return disk;
}

/** Has a multipart body read as a form where one is declared, and as bytes elsewhere. */
export function addFormParser(fastify: FastifyInstance, maxBodyBytes: number): void {
  const parse = async (request: FastifyRequest, payload: Readable): Promise<FormPart[] | Buffer> => {
    const { config, bodyLimit = maxBodyBytes } = request.routeOptions;
    if (config.readsForm === true) return readMultipart(request.headers, payload, bodyLimit);
    return buffer(limitBytes(bodyLimit)(payload)).catch((error: unknown) => {
      throw bodyError(error);
    });
  };
  fastify.addContentTypeParser("multipart/form-data", parse);
}
