import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { scheduler } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { appFolder } from "../fixtures/app-folder.ts";
import { fixture } from "../fixtures/cli.ts";
import { lanes } from "../fixtures/running.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const REQUESTS = 300;
/** A pipe holds 64 KiB, and what waits beyond that is kept up to 16 MiB. */
const LONG_PATH = "x".repeat(8_000);

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** All it has said on stderr, once it has ended. */
  ended(): Promise<{ code: number | null; complaints: string }>;
}

/** An app whose log goes somewhere, and which says on stderr where it listens. */
async function served(t: TestContext, stdout: number | "pipe"): Promise<Served> {
  const args = ["--conditions=offloop:source", fixture("says-where.ts")];
  const child = spawn(process.execPath, args, { stdio: ["ignore", stdout, "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let complaints = "";
  const url = await new Promise<string>((resolve) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      complaints += chunk.toString();
      const said = /^url (http:\S+)$/m.exec(complaints);
      if (said !== null) resolve(said[1] as string);
    });
  });
  const closed = once(child, "close");
  return {
    child,
    url,
    ended: async () => {
      const [code] = (await closed) as [number | null];
      return { code, complaints };
    },
  };
}

async function askAll({ url }: Served, path = "", count = REQUESTS): Promise<void> {
  for (let n = 0; n < count; n++) {
    const response = await fetch(`${url}/${lanes[n % 2]}/hello${path}`);
    assert.equal(response.status, 200);
    await response.text();
  }
}

function said(complaints: string): string[] {
  return complaints.split("\n").flatMap((line) => {
    const msg = line.startsWith("{") ? (JSON.parse(line) as { msg: string }).msg : "";
    return msg.startsWith("offloop: ") ? [msg] : [];
  });
}

test("a log on a full disk: everything is answered, SIGTERM ends, and stderr says once why", async (t) => {
  const full = openSync("/dev/full", "w");
  const server = await served(t, full);
  closeSync(full);
  await askAll(server);
  server.child.kill("SIGTERM");
  const { code, complaints } = await server.ended();
  assert.equal(code, 0, complaints);
  const [first = "", last = "", ...rest] = said(complaints);
  assert.match(first, /cannot write the log, and loses its lines from here on: ENOSPC/);
  assert.ok(Number(/(\d+) lines of the log were lost/.exec(last)?.[1]) >= REQUESTS, last);
  assert.deepEqual(rest, []);
});

test("a log whose reader has gone: everything is answered, and SIGTERM ends", async (t) => {
  const server = await served(t, "pipe");
  server.child.stdout?.destroy();
  await askAll(server);
  server.child.kill("SIGTERM");
  const { code, complaints } = await server.ended();
  assert.equal(code, 0, complaints);
  assert.match(said(complaints)[0] ?? "", /cannot write the log.*EPIPE/);
});

test("a log whose reader has stopped: everything is answered, nothing is kept without bound, SIGTERM ends", async (t) => {
  const server = await served(t, "pipe");
  server.child.stdout?.pause();
  await askAll(server, `?${LONG_PATH}`, 2_400);
  server.child.kill("SIGTERM");
  server.child.once("exit", () => server.child.stdout?.resume());
  const { code, complaints } = await server.ended();
  assert.equal(code, 0, complaints);
  assert.match(said(complaints)[0] ?? "", /cannot write the log.*nobody reads it/);
});

/** What is answered through a Unix socket; undefined while nobody listens there. */
function askThrough(socketPath: string, path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject);
    });
    asked.on("error", ({ code }: NodeJS.ErrnoException) =>
      code === "ENOENT" || code === "ECONNREFUSED" ? resolve(undefined) : reject(new Error(code)),
    );
    asked.end();
  });
}

test("offloop run whose output is a full disk, stderr too: operations and probes are answered, SIGTERM ends", async (t) => {
  const folder = appFolder({
    "app.ts": `import { App } from "offloop";
const app = new App({ health: true });
for (const lane of ["loop", "thread"] as const)
  app.get("/" + lane, { runs: lane }, () => {
    console.log("on stdout");
    console.error("on stderr");
    process.stdout.write("past the console\\n");
    return lane;
  });
export default app;
`,
  });
  const socket = folder.path("app.sock");
  const full = openSync("/dev/full", "w");
  const args = ["--conditions=offloop:source", main, "run", folder.path("app.ts"), "--socket", socket];
  const child = spawn(process.execPath, args, { stdio: ["ignore", full, full] });
  t.after(() => child.kill("SIGKILL"));
  closeSync(full);
  const ended = once(child, "close");
  while ((await askThrough(socket, "/livez")) === undefined) await scheduler.wait(10);
  for (let n = 0; n < REQUESTS; n++) {
    const lane = lanes[n % 2];
    assert.equal(await askThrough(socket, `/${lane}`), `200 "${lane}"`);
  }
  for (const probe of ["/livez", "/readyz"])
    assert.equal(await askThrough(socket, probe), '200 {"status":"ready"}');
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});
