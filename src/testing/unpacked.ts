import type { IncomingMessage } from "node:http";
import { pipeline, type Readable, type Transform } from "node:stream";

/** What is unpacked, as by `fetch`; what a stream has flushed can be read before its end. */
const unpackers: Readonly<Record<string, (zlib: typeof import("node:zlib")) => Transform>> = {
  gzip: (zlib) => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  "x-gzip": (zlib) => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  deflate: (zlib) => zlib.createInflate({ finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  br: (zlib) => zlib.createBrotliDecompress(),
  zstd: (zlib) => zlib.createZstdDecompress(),
};

/** The body of a response, unpacked if the app or a plugin has compressed it. Of codings it does not know, the bytes. */
export function unpacked(received: IncomingMessage): Readable {
  const codings = (received.headers["content-encoding"] ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "");
  const found = codings.map((coding) => unpackers[coding]);
  if (found.length === 0 || found.includes(undefined)) return received;
  const zlib = process.getBuiltinModule("node:zlib");
  const steps = found.reverse().map((make) => make?.(zlib) as Transform); // the last was put around the others
  pipeline([received, ...steps], () => {}); // an error ends the last of them, and reading says it
  return steps.at(-1) as Transform;
}
