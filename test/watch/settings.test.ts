import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { resolveSettings } from "../../src/app/settings/settings.ts";
import type { BlockReport } from "../../src/channels/channels.ts";

const file = fileURLToPath(new URL("./settings-app.ts", import.meta.url));

/**
 * @param within - The shell that starts it.
 * @param generated - The URL of a module with the code that blocks.
 */
function run(
  mode: string,
  execArgv: readonly string[] = [],
  within = 'exec "$@"',
  generated: readonly string[] = [],
): { reports: number; logged: string[]; stdout: string; stderr: string } {
  const command = [process.execPath, "--conditions=offloop:source", ...execArgv, file, mode, ...generated];
  const { stdout, stderr, status } = spawnSync("sh", ["-c", within, "sh", ...command], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(status, 0, stderr);
  const lines = stdout.split("\n");
  const logged = lines.filter((line) => line.includes("event loop") && line.includes("by GET /block"));
  const { reports } = JSON.parse(lines.find((line) => line.startsWith('{"reports"')) ?? "") as {
    reports: number;
  };
  return { reports, logged, stdout, stderr };
}

test("a block is announced while it lasts and logged when it ends; one at start-up is not", () => {
  const { reports, logged, stderr } = run("once");
  assert.equal(reports, 1);
  assert.equal(logged.length, 1);
  const entry = JSON.parse(logged[0] as string) as {
    level: number;
    msg: string;
    blocked: { durationMs: number };
  };
  assert.equal(entry.level, 40);
  assert.match(entry.msg, /^event loop .* ms.* by GET \/block at .*settings-app\.ts:\d+:\d+ \(block\)/);
  assert.match(entry.msg, /; fix: make the function plain, so that it runs on a thread, or await a call/);
  assert.ok(entry.blocked.durationMs >= 300);
  assert.match(
    stderr,
    /^\{"level":40,.*"msg":"event loop blocked for \d+ ms so far by GET \/block at .*settings-app\.ts[^"]*"\}$/m,
  );
});

for (const [name, execArgv] of [
  ["the watchdog reads", []],
  ["Node has read", ["--enable-source-maps"]],
] as const)
  test(`a block in generated code is reported at its source, by a map that ${name}, however large`, () => {
    const folder = mkdtempSync(join(tmpdir(), "offloop bundle-"));
    const code =
      "export function block(ms) {\n  const start = process.threadCpuUsage();\n  while (process.threadCpuUsage(start).user < ms * 1_000);\n}\n";
    writeFileSync(join(folder, "a b.mjs"), `${code}//# sourceMappingURL=a%20b.mjs.map\n`);
    // Line 1 has no source, line 2 is line 1 of the source, line 3 line 21. Larger than the heap of the watchdog.
    const sourcesContent = [`// ${"long ".repeat(10_000_000)}`];
    const map = {
      version: 3,
      sources: ["../src/%C3%A9.ts"],
      sourcesContent,
      names: [],
      mappings: "A;AAAA;AAoBA",
    };
    writeFileSync(join(folder, "a b.mjs.map"), JSON.stringify(map));
    const { logged } = run("once", execArgv, undefined, [pathToFileURL(join(folder, "a b.mjs")).href]);
    rmSync(folder, { recursive: true });
    const { blocked } = JSON.parse(logged[0] as string) as { blocked: BlockReport };
    const { file, line } = blocked.culprits[0]?.at ?? {};
    assert.deepEqual({ file, line }, { file: join(tmpdir(), "src", "é.ts"), line: 21 });
  });

test("blocks at the same place are all reported and logged once", () => {
  const { reports, logged } = run("repeat");
  assert.equal(reports, 2);
  assert.equal(logged.length, 1);
});

test("an onBlock that throws is logged, and called for the next block", () => {
  const { reports, stdout } = run("failing");
  assert.ok(reports >= 2);
  const logged = stdout.match(/"msg":"watch\.onBlock failed: not delivered"/g) ?? [];
  assert.ok(logged.length >= reports);
});

test("a stderr that nobody reads any more does not end the watch", () => {
  const { reports } = run("unread", [], '{ "$@" 2>&1 1>&3 3>&- | true; } 3>&1');
  assert.ok(reports >= 2);
});

test("watch: false watches nothing", () => {
  const { logged, stderr } = run("off");
  assert.deepEqual(logged, []);
  assert.ok(!stderr.includes("event loop"));
});

test("while a debugger may pause the loop, only computing is reported, and sleep again once it has gone", () => {
  const { reports, stderr } = run("debugger");
  // Where the system does not say during a block whether the thread sleeps, computing is not reported either.
  assert.equal(reports, process.platform === "linux" ? 2 : 1);
  assert.equal(stderr.match(/so far by GET \/block/g)?.length, reports);
});

test("under --permission without the inspector the server runs unwatched", () => {
  // Node asks for a permission to listen from 25 on.
  const net = process.allowedNodeEnvironmentFlags.has("--allow-net") ? ["--allow-net"] : [];
  const flags = ["--permission", "--allow-fs-read=*", "--allow-worker", ...net];
  const { reports, logged } = run("unwatched", flags);
  assert.equal(reports, 0);
  assert.deepEqual(logged, []);
});

test("resolveSettings() fills in the watchdog's defaults, lets later ones win, and takes false for off", () => {
  assert.deepEqual(resolveSettings({}).watch, { thresholdMs: 100, level: "production" });
  const both = resolveSettings({ watch: { thresholdMs: 50 } }, { watch: { level: "development" } });
  assert.deepEqual(both.watch, { thresholdMs: 50, level: "development" });
  assert.equal(resolveSettings({ watch: { thresholdMs: 50 } }, { watch: false }).watch, undefined);
});

test("resolveSettings() refuses an invalid threshold or level", () => {
  const code = "OFFLOOP_OPTION_INVALID";
  assert.throws(() => resolveSettings({ watch: { thresholdMs: 5 } }), { code });
  assert.throws(() => resolveSettings({ watch: { level: "quiet" as "production" } }), { code });
});
