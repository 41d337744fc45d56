import assert from "node:assert/strict";
import type { ServeOptions } from "offloop";
import { testClient } from "offloop/testing";
import app from "../fixtures/proxied-app.ts";
import { eachLane } from "../fixtures/running.ts";

const headers = {
  "x-forwarded-for": "203.0.113.7, 10.1.2.3",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "shop.example",
};

/** Whom the app takes for the client, and where it sends it for a slash. */
async function seen(lane: string, trustProxy?: ServeOptions["trustProxy"]): Promise<unknown[]> {
  await using client = await testClient(app, {
    socket: true,
    ...(trustProxy === undefined ? {} : { trustProxy }),
  });
  const [host, hasPort] = (await (await client.get(`/${lane}/client`, { headers })).json()) as unknown[];
  const { headers: moved } = await client.get(`/${lane}/slash`, { headers });
  return [host, hasPort, moved.get("location")?.replace(client.url, "here ")];
}

eachLane("trustProxy: nobody's headers count unless it says so", async (lane) => {
  for (const nobody of [undefined, false, [], ["10.0.0.0/8"]])
    assert.deepEqual(await seen(lane, nobody), ["127.0.0.1", true, `here /${lane}/slash/`]);
});

eachLane("trustProxy: a trusted proxy says who asks, and for which URL", async (lane) => {
  const location = `https://shop.example/${lane}/slash/`;
  assert.deepEqual(await seen(lane, true), ["203.0.113.7", false, location]);
  assert.deepEqual(await seen(lane, ["loopback", "10.0.0.0/8"]), ["203.0.113.7", false, location]);
  assert.deepEqual(await seen(lane, ["127.0.0.1"]), ["10.1.2.3", false, location]);
});
