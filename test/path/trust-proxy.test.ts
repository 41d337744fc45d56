import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import type { ServeOptions } from "offloop";
import { testClient } from "offloop/testing";
import { appFolder } from "../fixtures/app-folder.ts";
import app from "../fixtures/proxied-app.ts";
import { eachLane, running } from "../fixtures/running.ts";

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
  for (const nobody of [undefined, false, [], ["10.0.0.0/8"], ["unix"], ["unix", "10.0.0.0/8", "::2"]])
    assert.deepEqual(await seen(lane, nobody), ["127.0.0.1", true, `here /${lane}/slash/`]);
});

eachLane("trustProxy: a trusted proxy says who asks, and for which URL", async (lane) => {
  const location = `https://shop.example/${lane}/slash/`;
  assert.deepEqual(await seen(lane, true), ["203.0.113.7", false, location]);
  assert.deepEqual(await seen(lane, ["loopback", "10.0.0.0/8"]), ["203.0.113.7", false, location]);
  assert.deepEqual(await seen(lane, ["127.0.0.1"]), ["10.1.2.3", false, location]);
  assert.deepEqual(await seen(lane, ["unix", "loopback", "10.0.0.0/8"]), ["203.0.113.7", false, location]);
});

/** The same over a Unix socket, where a connection has no address. */
async function seenOnUnix(
  lane: string,
  trustProxy: NonNullable<ServeOptions["trustProxy"]>,
): Promise<unknown[]> {
  const socketPath = appFolder({}).path("app.sock");
  const server = await running(app, { socket: socketPath, trustProxy });
  const ask = async (path: string): Promise<IncomingMessage> => {
    const asked = request({ socketPath, path, headers: { host: "direct.example", ...headers } }).end();
    return (await once(asked, "response"))[0] as IncomingMessage;
  };
  try {
    const [host, hasPort] = JSON.parse(await text(await ask(`/${lane}/client`))) as unknown[];
    const moved = (await ask(`/${lane}/slash`)).resume();
    return [host, hasPort, moved.headers.location];
  } finally {
    await server.close();
  }
}

eachLane('trustProxy: "unix" trusts who connects by the Unix socket, and no address', async (lane) => {
  const direct = `http://direct.example/${lane}/slash/`;
  const location = `https://shop.example/${lane}/slash/`;
  assert.deepEqual(await seenOnUnix(lane, ["127.0.0.1"]), ["", false, direct]);
  // The last address is the one that the proxy has seen; what stands before it, clients may have made up.
  assert.deepEqual(await seenOnUnix(lane, ["unix"]), ["10.1.2.3", false, location]);
  assert.deepEqual(await seenOnUnix(lane, ["unix", "uniquelocal"]), ["203.0.113.7", false, location]);
});
