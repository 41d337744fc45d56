import assert from "node:assert/strict";
import { beforeEach } from "node:test";
import { journal } from "../fixtures/journal.ts";
import { eachLane, type LaneName, running } from "../fixtures/running.ts";
import app, { BODY_CLOSED, DEPENDENCY_CLOSED, door, LIFESPAN_CLOSED, made } from "../fixtures/streams-app.ts";

beforeEach(() => {
  journal.clear();
  door.reset();
  made.reset();
});

const ORDER = [BODY_CLOSED, DEPENDENCY_CLOSED, LIFESPAN_CLOSED];

interface Streaming {
  readonly close: () => Promise<void>;
  /** The body when it has ended, or why it broke. */
  readonly body: Promise<string | Error>;
  readonly failures: () => unknown[];
}

/** A server with a stream that has begun. */
async function streaming(lane: LaneName, name: string, shutdownGraceMs: number): Promise<Streaming> {
  const server = await running(app, { shutdownGraceMs });
  const response = await fetch(`${server.url}/${lane}/${name}`);
  const body = response.text().catch((error: Error) => error);
  await made.arrived(1);
  return {
    close: () => server.close(),
    body,
    failures: () => server.log.filter(({ level }) => level >= 50).map(({ msg }) => msg),
  };
}

function written(): number[] {
  return journal.lines().map(({ what }) => what);
}

/** Longer than any test may take: what waits for its end fails. */
const LONG_MS = 600_000;

eachLane("shutdown: an event stream that waits for its signal ends at once, and whole", async (lane) => {
  const { close, body, failures } = await streaming(lane, "listening", LONG_MS);
  await close();
  assert.equal(typeof (await body), "string");
  assert.deepEqual(written(), ORDER);
  assert.deepEqual(failures(), []);
});

eachLane(
  "shutdown: an event stream that does not look at its signal ends with its next chunk",
  async (lane) => {
    const { close, body, failures } = await streaming(lane, "deaf", LONG_MS);
    await close();
    assert.equal(typeof (await body), "string");
    assert.deepEqual(written(), ORDER);
    assert.deepEqual(failures(), []);
  },
);

eachLane("shutdown: a stream that ends by itself is finished, and not told", async (lane) => {
  const { close, body } = await streaming(lane, "download", LONG_MS);
  const closed = close();
  door.arrive();
  await closed;
  assert.equal(await body, "begun false");
});

eachLane("shutdown: what is cut off when the grace is over is closed before the lifespans", async (lane) => {
  const { close, body } = await streaming(lane, "endless", 50);
  await close();
  assert.ok((await body) instanceof Error);
  assert.deepEqual(written(), ORDER);
});

eachLane("shutdown: an event stream that never gives another chunk keeps nobody", async (lane) => {
  const { close } = await streaming(lane, "stuck", 50);
  await close();
  assert.equal(written().at(-1), LIFESPAN_CLOSED);
});
