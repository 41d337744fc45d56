import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fixture } from "../fixtures/cli.ts";
import { lanes } from "../fixtures/running.ts";

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
  assert.match(first, /cannot write the log, lines of it are lost from here on: ENOSPC/);
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
