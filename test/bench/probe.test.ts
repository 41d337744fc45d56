import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { probe } from "../../bench/probe.ts";
import { percentile } from "../../bench/statistics.ts";

test("probe() counts every request that a stalled server kept waiting, from when it was due", async () => {
  const stallMs = 500;
  let requests = 0;
  let stall: Promise<unknown> | undefined;
  const stalled = createServer(async (_request, response) => {
    // The first request is the probe's own set-up; the second, and all that come meanwhile, wait.
    if (++requests === 2) stall = new Promise((resolve) => setTimeout(resolve, stallMs));
    await stall;
    response.end("ok");
  });
  stalled.listen(0, "127.0.0.1");
  await once(stalled, "listening");
  const url = `http://127.0.0.1:${(stalled.address() as AddressInfo).port}`;
  try {
    const { latencies, delays } = await probe(url, 100, 1);
    assert.equal(latencies.length, 100);
    assert.equal(delays.length, 100);
    // Fifty requests were due during the stall: one that saw it whole, and others that saw what was left of it.
    assert.ok(Math.max(...latencies) >= stallMs, `longest: ${Math.max(...latencies)} ms`);
    assert.ok(percentile(latencies, 75) >= stallMs / 5, `p75: ${percentile(latencies, 75)} ms`);
  } finally {
    stalled.close();
  }
});
