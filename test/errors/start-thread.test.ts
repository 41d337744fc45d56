import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startThread } from "../../src/errors/start-thread.ts";
import { command } from "../fixtures/cli.ts";

test("startThread() throws OFFLOOP_THREAD_START with Node's error when the system refuses the thread", () => {
  const entry = new URL("data:text/javascript,");
  assert.throws(
    () => startThread("the thread of a test", entry, { resourceLimits: { stackSizeMb: 1e9 } }),
    ({ code, message, cause }: Error & { code: string }) =>
      code === "OFFLOOP_THREAD_START" &&
      /^Cannot start the thread of a test: .+\n {2}fix allow the process more threads or memory/.test(
        message,
      ) &&
      (cause as NodeJS.ErrnoException).code === "ERR_WORKER_INIT_FAILED",
  );
});

test("startThread() throws OFFLOOP_THREAD_START when offloop's own file is missing, as in a bundle", () => {
  const entry = new URL("./no-such-entry.ts", import.meta.url);
  assert.throws(() => startThread("the thread of a test", entry, {}), {
    code: "OFFLOOP_THREAD_START",
    message:
      /^Cannot start the thread of a test: offloop's own file \S+no-such-entry\.ts does not exist\n {2}fix keep offloop out of bundles/,
  });
});

test("startThread() says which flag a process under --permission lacks", () => {
  const code = `import { startThread } from ${JSON.stringify(import.meta.resolve("../../src/errors/start-thread.ts"))};
    try { startThread("a thread", new URL("data:text/javascript,"), {}); } catch (error) { console.log(error.message); }`;
  const flags = ["--permission", "--allow-fs-read=*", "--input-type=module", "--eval", code];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
  assert.match(stdout, /\n {2}fix start Node with --allow-worker beside --permission\n$/, stderr);
});

interface Told {
  readonly answer: string;
  readonly logged: string[];
  readonly failures: { readonly code: string; readonly message: string }[];
}

const hasLimits = spawnSync("prlimit", ["--version"]).status === 0;

test("a process that gets no more threads serves without its watchdog, and names what it cannot open", {
  skip: hasLimits ? false : "there is no prlimit",
}, async () => {
  const path = fileURLToPath(new URL("../fixtures/refused-threads.ts", import.meta.url));
  const { code, output } = await command([path]).ended();
  assert.equal(code, 0, output);
  const { answer, logged, failures } = JSON.parse(output.split("\n").at(-1) ?? "") as Told;
  assert.equal(answer, "answered");
  assert.ok(
    logged.some((msg) => /nothing watches the event loop: Cannot start the thread of the watchdog/.test(msg)),
    logged.join("\n"),
  );
  assert.deepEqual(
    failures.map((failure) => failure.code),
    failures.map(() => "OFFLOOP_THREAD_START"),
  );
  for (const [n, what] of [/health probes/, /which jobs still run/, /jobs database/].entries())
    assert.match(failures[n]?.message ?? "", what);
});
