import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commandWith, fixture } from "../fixtures/cli.ts";

test("serve() that cannot answer for the folder of its jobs rejects, and leaves nothing that keeps the process", {
  skip: process.platform === "win32" && "it answers on a pipe there",
  timeout: 120_000,
}, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "offloop-refused-"));
  // Where its socket would be.
  await mkdir(join(dir, "owner.sock"));
  const serving = commandWith({ JOBS_DIR: dir }, fixture("refused-folder.ts"));
  t.after(async () => {
    serving.child.kill("SIGKILL");
    await serving.ended();
    await rm(dir, { recursive: true });
  });
  const { code, output } = await serving.ended();
  assert.match(output, /refused: .*directory/i);
  assert.equal(code, 0);
});
