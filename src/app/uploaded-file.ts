import { openAsBlob, readFileSync } from "node:fs";
import type { Primitive, PropertiesOf } from "./plain-data.ts";

/** A file as it arrived: in memory, or on disk when it is large. */
export interface ReceivedFile {
  /** The name that the client gave it. */
  readonly filename: string;
  /** The media type that the client gave it; `"application/octet-stream"` when it gave none. */
  readonly mediaType: string;
  /** Its size in bytes. */
  readonly size: number;
  /** Its content, if it is in memory. */
  readonly bytes: Uint8Array | undefined;
  /** The path of its content, if it is on disk. */
  readonly path: string | undefined;
}

/**
 * An uploaded file: a web `File` that plain functions can read, too. A file larger than 1 MiB is on disk, at `path`,
 * until the request's background tasks have ended; any other is in memory.
 *
 * Its name is what the client sent, without folders. It says nothing about the content.
 *
 * As a part of another `Blob` or `File` it is empty, since Node takes parts without asking them: pass `await file.bytes()`.
 *
 * @example
 * ```ts
 * import { createHash } from "node:crypto";
 * import { App } from "offloop";
 * import { z } from "zod";
 *
 * const app = new App();
 * app.post("/digest", { form: { file: z.file() } }, ({ form }) =>
 *   ({ name: form.file.name, sha256: createHash("sha256").update(form.file.readSync()).digest("hex") }));
 * ```
 */
export class UploadedFile extends File {
  /** Its path on disk; undefined while it is in memory. */
  readonly path: string | undefined;
  #content: Uint8Array | undefined;

  /** @internal */
  constructor({ filename, mediaType, size, bytes, path }: ReceivedFile) {
    super([], filename, { type: mediaType });
    this.path = path;
    Object.defineProperty(this, "size", { value: size, enumerable: true });
    this.#content = bytes;
  }

  /** @internal The parts it was made from, for making it again on another thread. */
  received(): ReceivedFile {
    const { name, type, size, path } = this;
    return { filename: name, mediaType: type, size, bytes: this.#content, path };
  }

  /** Its content, synchronously. Blocks while it is read from disk: for plain functions. */
  readSync(): Uint8Array {
    this.#content ??= readFileSync(this.path as string);
    return this.#content;
  }

  /** Its content. */
  override async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.arrayBuffer());
  }

  /** Its content as an `ArrayBuffer`. */
  override async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#blob()).arrayBuffer();
  }

  /** Its content as UTF-8 text. */
  override async text(): Promise<string> {
    return (await this.#blob()).text();
  }

  /** Its content as a stream. */
  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    // A failure surfaces in the reader.
    this.#blob()
      .then((blob) => blob.stream().pipeTo(writable))
      .catch((error) => writable.abort(error));
    return readable;
  }

  /** What JSON shows of it: not its path. */
  toJSON(): { readonly name: string; readonly type: string; readonly size: number } {
    return { name: this.name, type: this.type, size: this.size };
  }

  /** A part of its content. */
  override slice(start?: number, end?: number, contentType?: string): Blob {
    return new Blob([this.readSync() as Uint8Array<ArrayBuffer>]).slice(start, end, contentType);
  }

  async #blob(): Promise<Blob> {
    if (this.#content === undefined) return openAsBlob(this.path as string);
    return new Blob([this.#content as Uint8Array<ArrayBuffer>]);
  }
}

/**
 * The same type, with every `File` in plain data as an uploaded file. What a schema has made of text is left alone: a
 * date, an instance of a class, a branded string.
 */
export type Uploaded<T> = T extends File
  ? UploadedFile
  : T extends Primitive
    ? T
    : T extends readonly unknown[]
      ? { [Index in keyof T]: Uploaded<T[Index]> }
      : PropertiesOf<T> extends T
        ? { readonly [Key in keyof T]: Uploaded<T[Key]> }
        : T;
