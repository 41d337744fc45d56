import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";

// S3 in a process of its own, slowed down: `GET /pairs/after-3-seconds` answers three seconds later.

const directory = mkdtempSync(join(tmpdir(), "offloop-s3-"));
const s3 = new S3rver({ silent: true, directory, configureBuckets: [{ name: "pairs", configs: [] }] });
await s3.configureBuckets();
const handle = s3.callback();

const server = createServer((request, response) => {
  const seconds = request.method === "GET" ? /after-([\d.]+)-seconds/.exec(request.url ?? "")?.[1] : "0";
  setTimeout(() => handle(request, response), Number(seconds ?? 0) * 1000);
});

server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("SIGINT", () => {}); // Ctrl+C reaches this process too, and the app may still have to finish a request
process.once("disconnect", () => {
  rmSync(directory, { recursive: true, force: true });
  process.exit();
});
