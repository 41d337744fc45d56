import { resolve, sep } from "node:path";
import send from "@fastify/send";
import type { FastifyReply } from "fastify";
import type { FileContent } from "../app/reply.ts";
import type { RawReply } from "../operation/raw.ts";
import { detailReply } from "../operation/reply.ts";

/**
 * Sends a file: all of it, the range that was asked for, or 304 when the client has it already.
 *
 * @returns What to answer instead when the range lies beyond the file's end.
 * @throws {Error} When it cannot be read.
 */
export async function writeFile(
  reply: FastifyReply,
  raw: RawReply,
  { file }: FileContent,
): Promise<RawReply | undefined> {
  const [root, ...names] = resolve(file).split(sep);
  const result = await send(reply.request.raw, names.map(encodeURIComponent).join("/"), {
    root: `${root}${sep}`,
    index: false,
    dotfiles: "allow",
    cacheControl: false,
  });
  if (result.type === "file") {
    reply.code(result.statusCode === 200 ? raw.status : result.statusCode);
    for (const [name, value] of Object.entries(result.headers))
      if (!reply.hasHeader(name)) reply.header(name, value);
    reply.send(result.stream);
    return undefined;
  }
  result.stream.destroy();
  if (result.statusCode === 416) {
    const range = result.headers["Content-Range"];
    return detailReply(
      416,
      "Range Not Satisfiable",
      range === undefined ? {} : { headers: [["content-range", range]] },
    );
  }
  throw new Error(`Cannot send ${JSON.stringify(file)}: there is no such file, or it cannot be read`);
}
