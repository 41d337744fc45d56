import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { SpanStatusCode } from "@opentelemetry/api";
import { endedSpans } from "../fixtures/ended-spans.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import app from "../fixtures/traced-jobs-app.ts";

describe("spans of jobs", () => {
  let dir: string;
  let server: Running;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "offloop-traced-jobs-"));
    server = await running(app, { accessLog: false, jobs: { dir } });
  });
  after(async () => {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  eachLane("a job has a trace of its own, linked to the span that enqueued it", async (lane) => {
    const spans = endedSpans();
    assert.equal((await fetch(`${server.url}/${lane}`, { method: "POST" })).status, 200);
    // On a thread the span of the call stands between the request and what runs there.
    const enqueuing = await spans.until(lane === "loop" ? "POST /loop" : "thread POST /thread");
    for (const [task, its] of [
      ["on-loop", "loop"],
      ["on-thread", "thread"],
    ] as const) {
      const job = await spans.until(`job ${task}`);
      assert.deepEqual(job.links, [`${enqueuing.trace} ${enqueuing.id}`]);
      assert.equal(job.parent, undefined);
      assert.notEqual(job.trace, enqueuing.trace);
      const { "offloop.job": id, ...attributes } = job.attributes;
      assert.match(String(id), new RegExp(`^${task}:`));
      assert.deepEqual(attributes, { "offloop.lane": its, "offloop.attempt": 1 });
      const inside = await spans.until(`in ${task}`);
      assert.deepEqual([inside.trace, inside.inThread], [job.trace, its === "thread"]);
    }
    const failed = await spans.until("job fails");
    assert.deepEqual(failed.status, { code: SpanStatusCode.ERROR, message: "no luck" });
    assert.deepEqual(failed.links, [`${enqueuing.trace} ${enqueuing.id}`]);
    spans.close();
  });
});
