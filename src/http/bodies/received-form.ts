import { rm } from "node:fs/promises";
import { finished, type Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { ReceivedFile } from "../../app/uploaded-file.ts";
import type { FormPart } from "../../operation/raw.ts";
import { Pieces } from "./pieces.ts";
import { openSpoolFile, type SpoolFile, UploadDiskError } from "./upload-folder.ts";

/** Starlette's limit: a larger file goes to disk while it arrives. */
const MEMORY_BYTES = 1_048_576;

/**
 * The parts of a multipart body, and the owner of their files on disk. The files are removed when the response has been
 * sent or the client has gone, whatever answered; an operation {@link hold}s them for longer.
 */
export class ReceivedForm {
  readonly #paths = new Set<string>();
  #parts: readonly FormPart[] = [];
  #isHeld = false;
  #isClosed = false;

  constructor(reply: FastifyReply) {
    finished(reply.raw, () => {
      if (!this.#isHeld) void this.close();
    });
  }

  /** Fields and files in the order they were sent. */
  get parts(): readonly FormPart[] {
    return this.#parts;
  }

  /** Takes over the parts that were read. */
  fill(parts: readonly FormPart[]): void {
    this.#parts = parts;
  }

  /** From now on the holder closes it: background tasks read files after the response. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Removes its files. Never throws: a file that cannot be removed goes with the folder. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const paths = [...this.#paths];
    this.#paths.clear();
    await Promise.all(paths.map((path) => rm(path, { force: true }).catch(() => {})));
  }

  /**
   * Reads one file. Returns undefined for the part that browsers send when no file was chosen.
   *
   * @throws {UploadDiskError} When the disk refuses it; otherwise whatever reading the content throws. Nothing of the
   * file remains then.
   */
  async receive(
    content: Readable,
    filename: string | undefined,
    mediaType: string,
  ): Promise<ReceivedFile | undefined> {
    const pieces = new Pieces();
    let size = 0;
    let disk: SpoolFile | undefined;
    try {
      // Left open when the disk fails: that failure must come first, not what the parser makes of a closed part.
      for await (const chunk of content.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (disk === undefined && size <= MEMORY_BYTES) pieces.add(chunk);
        else {
          disk ??= await this.#spool(pieces.take());
          await write(disk, chunk);
        }
      }
    } finally {
      await disk?.handle.close();
      // The client may have gone while the file was being opened or written, however that ended: nobody else would
      // remove it.
      if (this.#isClosed) await this.close();
    }
    if (size === 0 && !filename) return undefined;
    const bytes = disk === undefined ? Uint8Array.from(Buffer.concat(pieces.take())) : undefined;
    return { filename: filename ?? "", mediaType, size, bytes, path: disk?.path };
  }

  async #spool(chunks: readonly Buffer[]): Promise<SpoolFile> {
    const disk = await openSpoolFile();
    this.#paths.add(disk.path);
    try {
      for (const chunk of chunks) await write(disk, chunk);
    } catch (error) {
      await disk.handle.close();
      throw error;
    }
    return disk;
  }
}

async function write({ handle }: SpoolFile, chunk: Buffer): Promise<void> {
  try {
    await handle.writeFile(chunk);
  } catch (error) {
    throw new UploadDiskError(error as Error);
  }
}
