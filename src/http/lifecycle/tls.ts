import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { OffloopError } from "../../errors/offloop-error.ts";

/** The key and certificate for https: PEM files. */
export interface TlsFiles {
  /** The private key. */
  readonly key: string;
  /** The certificate, followed by the intermediate ones. */
  readonly cert: string;
}

/** The contents of these files. */
export interface Tls {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/**
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` when a file is missing or cannot be read, or the two do not belong
 * together.
 */
export function readTls(files: Partial<TlsFiles> | undefined): Tls | undefined {
  if (files === undefined) return undefined;
  const tls = { key: readPem("key", files.key), cert: readPem("cert", files.cert) };
  try {
    createSecureContext(tls);
  } catch (cause) {
    throw new OffloopError("OFFLOOP_OPTION_INVALID", `Cannot use tls: ${(cause as Error).message}`, {
      fix: "pass the key that belongs to the certificate, both in PEM, the key without a passphrase",
      cause,
    });
  }
  return tls;
}

function readPem(name: keyof TlsFiles, file: unknown): Buffer {
  if (typeof file !== "string" || file === "") {
    throw new OffloopError("OFFLOOP_OPTION_INVALID", `Cannot use tls: there is no tls.${name}`, {
      fix: "pass both files: tls.key and tls.cert, or --tls-key and --tls-cert",
    });
  }
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use tls: tls.${name} "${file}" cannot be read: ${why}`,
      { fix: "pass the path of a file that this user may read", cause },
    );
  }
}
