import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { bucket, slowKey } from "../operations/s3-client.ts";
import { type ForkedServer, forkServer } from "../servers/forked.ts";
import { startMariadb } from "../servers/mariadb.ts";
import { startPostgres } from "../servers/postgres.ts";

/** Everything that the operations wait for. */
export interface Backends {
  /** The name of each, for the reader; undefined for what this machine does not have. */
  readonly names: { readonly postgres: string; readonly mysql: string | undefined };
  /** What the app needs to know. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes the next reader of the named pipe wait this long. */
  writeToPipe(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param isWithoutServers - As on a machine that has neither PostgreSQL nor MariaDB. */
export async function startBackends(seconds: number, isWithoutServers: boolean): Promise<Backends> {
  const folder = mkdtempSync(join(tmpdir(), "offloop-pairs-"));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  writeFileSync(join(folder, "large"), Buffer.alloc(8 * 1024 * 1024));
  const [slow, s3, postgres, mysql] = await Promise.all([
    forkServer(new URL("../../experiments/backends/slow-server-process.ts", import.meta.url)),
    startS3(seconds),
    startDatabase(isWithoutServers),
    isWithoutServers ? undefined : startMariadb(),
  ]);
  return {
    names: { postgres: postgres.name, mysql: mysql?.name },
    environment: {
      SLOW_SERVER: `http://127.0.0.1:${slow.port}`,
      S3_SERVER: `http://127.0.0.1:${s3.port}`,
      DATABASE_URL: postgres.url,
      ...(mysql && { MYSQL_URL: mysql.url }),
      FOLDER: folder,
      FIFO: pipe,
    },
    writeToPipe: async (seconds) => {
      await using writer = await open(pipe, "w");
      await setTimeout(seconds * 1000);
      await writer.writeFile("at last");
    },
    stop: async () => {
      await Promise.all([slow, s3, postgres, mysql].map((server) => server?.stop()));
      rmSync(folder, { recursive: true });
    },
  };
}

async function startS3(seconds: number): Promise<ForkedServer> {
  const server = await forkServer(new URL("../servers/s3-process.ts", import.meta.url));
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
    forcePathStyle: true,
  });
  for (const each of [0, seconds])
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: slowKey(each), Body: "an object" }));
  client.destroy();
  return server;
}

interface Database {
  readonly name: string;
  readonly url: string;
  stop(): Promise<void>;
}

/** PostgreSQL where it is installed, else PGlite, which speaks the same protocol. */
async function startDatabase(isWithoutServers: boolean): Promise<Database> {
  const installed = isWithoutServers ? undefined : await startPostgres();
  if (installed !== undefined) return installed;
  const { port, stop } = await forkServer(new URL("../servers/pglite-process.ts", import.meta.url));
  return { name: "PGlite", url: `postgresql://postgres@127.0.0.1:${port}/postgres`, stop };
}
