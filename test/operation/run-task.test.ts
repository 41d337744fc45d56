import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends } from "offloop";
import { running } from "../fixtures/running.ts";

test("runTask() closes what lives as long as the run, though what lives as long as the function fails to close", async (t) => {
  const seen: string[] = [];
  const db = depends(async function* () {
    try {
      yield "rows";
    } catch (error) {
      seen.push((error as Error).message);
      throw error;
    } finally {
      seen.push("closed");
    }
  });
  const lock = depends({ scope: "function" }, async function* () {
    yield "locked";
    throw new Error("not unlocked");
  });
  const app = new App();
  const work = app.task("work", { deps: { db, lock } }, async (context) => context.db);
  const server = await running(app, { accessLog: false });
  t.after(() => server.close());
  await assert.rejects(work(), { message: "not unlocked" });
  assert.deepEqual(seen, ["not unlocked", "closed"]);
});
