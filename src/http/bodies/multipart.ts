import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { FastifyInstance, FastifyReply, FastifyRequest, preParsingHookHandler } from "fastify";
import { HTTPError } from "../../errors/http-error.ts";
import type { FormPart } from "../../operation/raw.ts";
import { listed } from "../surrounded-routes.ts";
import { Pieces } from "./pieces.ts";
import { ReceivedForm } from "./received-form.ts";
import { refusePacked } from "./request-bodies.ts";
import { UploadDiskError } from "./upload-folder.ts";

/** Starlette's limits. */
const MAX_FIELDS = 1000;
const MAX_FILES = 1000;
const MAX_FIELD_BYTES = 1_048_576;

/** Reads a multipart body as a form where one is declared, and as bytes elsewhere. */
export function addFormParser(fastify: FastifyInstance): void {
  const replies = new WeakMap<FastifyRequest, FastifyReply>();
  fastify.addHook("onRoute", (route) => {
    if (route.config?.readsForm !== true) return;
    const noteReply: preParsingHookHandler = (request, reply, payload, done) => {
      replies.set(request, reply);
      done(null, payload);
    };
    route.preParsing = [...listed(route.preParsing), noteReply];
  });
  fastify.addContentTypeParser("multipart/form-data", async (request: FastifyRequest, payload: Readable) => {
    const { config, bodyLimit } = request.routeOptions;
    const reply = replies.get(request);
    refusePacked(request, payload);
    try {
      // What is not read as a form is a body like any other, which the lane takes in one go.
      const maxBytes = reply === undefined ? bodyLimit : (config.maxFormBytes ?? bodyLimit);
      const body = bounded(payload, request.headers, maxBytes);
      return reply === undefined ? await whole(body) : await readForm(request.headers, body, reply);
    } catch (error) {
      throw bodyError(error);
    }
  });
}

/**
 * Passes bytes on. When it stops early it leaves the request open, so that an answer can be sent.
 *
 * @throws {HTTPError} 413 when there are more than `maxBytes`; before any is read, if the length says so.
 */
async function* bounded(
  body: Readable,
  { "content-length": length }: IncomingHttpHeaders,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  if (Number(length) > maxBytes) throw new HTTPError(413);
  let size = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new HTTPError(413);
    yield chunk;
  }
}

async function whole(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces = new Pieces();
  for await (const piece of body) pieces.add(piece);
  return Buffer.concat(pieces.take());
}

/**
 * A failure to read a body is the client's fault, unless it is the disk's: the client sent
 * something invalid or has gone.
 */
function bodyError(error: unknown): Error {
  return error instanceof HTTPError || error instanceof UploadDiskError
    ? error
    : new HTTPError(400, "There was an error parsing the body");
}

async function readForm(
  headers: IncomingHttpHeaders,
  body: AsyncIterable<Buffer>,
  reply: FastifyReply,
): Promise<ReceivedForm> {
  if (!/boundary=/i.test(headers["content-type"] ?? ""))
    throw new HTTPError(400, "Missing boundary in multipart.");
  const form = new ReceivedForm(reply);
  const reading = new FormReading(headers as BusboyHeaders, form);
  form.fill(await reading.read(body));
  return form;
}

/** One body on its way through the parser. The first failure ends everything else. */
class FormReading {
  readonly #busboy: InstanceType<typeof Busboy>;
  readonly #contents: Readable[] = [];
  readonly #parts: Promise<FormPart>[] = [];
  #failure: { readonly error: unknown } | undefined;
  #onFailure: ((error: unknown) => void) | undefined;
  #fields = 0;
  #isEmpty = true;

  constructor(headers: BusboyHeaders, form: ReceivedForm) {
    this.#busboy = new Busboy({
      headers,
      limits: { fieldSize: MAX_FIELD_BYTES, files: MAX_FILES },
      isPartAFile: (_name, _type, filename) => filename !== undefined,
    });
    this.#busboy.on("error", (error) => this.#fail(error));
    this.#busboy.on("filesLimit", () => this.#fail(tooMany("files", MAX_FILES)));
    this.#busboy.on("field", (name, value, _nameCut, isCut) => {
      if (name === undefined) this.#fail(nameless());
      if (isCut) this.#fail(new HTTPError(400, `Part exceeded maximum size of ${MAX_FIELD_BYTES / 1024}KB.`));
      if (++this.#fields > MAX_FIELDS) this.#fail(tooMany("fields", MAX_FIELDS));
      this.#parts.push(Promise.resolve([name, value]));
    });
    this.#busboy.on("file", (name, content, filename, ...[, mediaType]) => {
      content.on("error", (error) => this.#fail(error));
      this.#contents.push(content);
      if (name === undefined) return this.#fail(nameless());
      const part = form.receive(content, filename, mediaType).then((file): FormPart => [name, file ?? ""]);
      part.catch((error) => this.#fail(error));
      this.#parts.push(part);
    });
  }

  /** Resolves with the parts in the order they were sent, once the files are written. */
  async read(body: AsyncIterable<Buffer>): Promise<FormPart[]> {
    try {
      await this.#writeAll(body);
      if (this.#isEmpty) return []; // a form without fields, as in Starlette: not one that was cut off
      this.#busboy.end();
      await finished(this.#busboy);
      return await Promise.all(this.#parts);
    } catch (error) {
      this.#fail(error);
      await Promise.allSettled(this.#parts);
      throw this.#failure?.error;
    }
  }

  async #writeAll(body: AsyncIterable<Buffer>): Promise<void> {
    const chunks = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.#unlessFailed(chunks.next());
        if (done === true) return;
        this.#isEmpty = false;
        await this.#unlessFailed(this.#write(value));
      }
    } finally {
      // This queues behind a pending read: a slow client does not delay the answer to what has failed.
      void chunks.return?.();
    }
  }

  /** Resolves when the parser wants more. A destroyed parser never calls back. */
  #write(chunk: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#busboy.write(chunk, () => resolve());
    });
  }

  /** Settles as the step does, or rejects as soon as anything fails. */
  #unlessFailed<Result>(step: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#onFailure = reject;
      step.then(resolve, reject);
      if (this.#failure !== undefined) reject(this.#failure.error);
    });
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const content of this.#contents) content.destroy(reason);
    this.#busboy.destroy(reason);
    this.#onFailure?.(error);
  }
}

function nameless(): HTTPError {
  return new HTTPError(400, 'The Content-Disposition header field "name" must be provided.');
}

function tooMany(what: string, max: number): HTTPError {
  return new HTTPError(400, `Too many ${what}. Maximum number of ${what} is ${max}.`);
}
