import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { littleMemory } from "../../src/http/lifecycle/memory-room.ts";
import { type Command, fixture, grouped, listening } from "../fixtures/cli.ts";
import { createClient } from "../fixtures/client.ts";

const MIB = 2 ** 20;

/** Makes a control group with so much memory; undefined where this user may not. */
function memoryGroup(t: TestContext, mib: number): string | undefined {
  const isSecond = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const folder = `/sys/fs/cgroup/${isSecond ? "" : "memory/"}offloop-test-${process.pid}`;
  try {
    mkdirSync(folder);
    t.after(() => rmdirSync(folder));
    writeFileSync(`${folder}/${isSecond ? "memory.max" : "memory.limit_in_bytes"}`, String(mib * MIB));
    return folder;
  } catch {
    return undefined;
  }
}

function runIn(group: string, environment: Record<string, string>): Command {
  return grouped(group, environment, "run", fixture("full-heap.ts"), "--port", "0", "--no-access-log");
}

test("in a container where a full heap would end the process, the log says so, and its fix keeps that to the call", async (t) => {
  const group = memoryGroup(t, 288);
  if (group === undefined) return t.skip("no control group can be made: needs Linux and root");
  const warned = runIn(group, {});
  const line = await warned.line(/OFFLOOP_MEMORY_LIMIT/);
  warned.child.kill("SIGTERM");
  await warned.ended();
  const [, old] = /maxOldGenerationSizeMb: (\d+)/.exec(line) ?? [];
  assert.ok(old, line);
  const fixed = runIn(group, { OLD_MIB: old });
  t.after(() => fixed.child.kill("SIGKILL"));
  const client = createClient(await listening(fixed));
  t.after(() => client.close());
  assert.equal((await client.ask("/fill")).status, 500);
  assert.equal((await client.ask("/")).status, 200);
  fixed.child.kill("SIGTERM");
  const { code, output } = await fixed.ended();
  assert.equal(code, 0);
  assert.doesNotMatch(output, /OFFLOOP_MEMORY_LIMIT/);
});

test("there is room for one full heap beside what is in use, or the fix says how large a heap may be, if any", () => {
  assert.equal(littleMemory({ limit: 512, heap: 259, used: 85 }), undefined);
  assert.match(
    littleMemory({ limit: 600, heap: 348, used: 255 })?.message ?? "",
    /348 MiB, but 255 MiB of this container's 600 MiB .*\n {2}fix set threads: .*maxOldGenerationSizeMb: 231, .* or raise the memory limit to 710 MiB/,
  );
  assert.match(
    littleMemory({ limit: 128, heap: 259, used: 85 })?.message ?? "",
    /\n {2}fix raise the memory limit to 405 MiB/,
  );
});
