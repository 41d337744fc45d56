import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commandWith, fixture } from "../fixtures/cli.ts";

test("serve() that fails after its embedded jobs are open rejects, and leaves nothing that keeps the process", {
  timeout: 120_000,
}, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "offloop-refused-"));
  const serving = commandWith({ JOBS_DIR: dir }, fixture("failed-start.ts"));
  t.after(async () => {
    serving.child.kill("SIGKILL");
    await serving.ended();
    await rm(dir, { recursive: true });
  });
  const { code, output } = await serving.ended();
  assert.match(output, /refused: .*the plugin has no key/);
  assert.equal(code, 0);
});
