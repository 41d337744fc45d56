import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chunk, RawReply } from "../../../src/operation/raw.ts";
import { sharedNow } from "../../../src/threads/crossing/board.ts";
import type { Pulled, RequestServices } from "../../../src/threads/crossing/payloads.ts";
import { OpenReplies } from "../../../src/threads/inside/streams.ts";

function unused(): never {
  throw new Error("no chunk asks for it");
}

function replyOf(body: AsyncIterable<Chunk>): RawReply {
  return {
    status: 200,
    mediaType: undefined,
    headers: undefined,
    body,
    background: undefined,
    error: undefined,
  };
}

const services: RequestServices = { signal: unused, log: unused, cancel: unused, report: unused };

test("OpenReplies.follow(): pieces of a large buffer leave the rest of it behind", async () => {
  const file = Buffer.alloc(1_000_000, "offloop");
  const shared = new Uint8Array(new SharedArrayBuffer(1_000_000));
  const pieces: Chunk[] = [
    file.subarray(0, 5),
    "text",
    new Uint8Array(file.buffer, 7, 3),
    shared.subarray(1, 3),
  ];
  const body = (async function* () {
    yield* pieces;
  })();
  const replies = new OpenReplies();
  const [open] = replies.hold(replyOf(body), services) as readonly [number, boolean];
  const pulled: Chunk[] = [];
  for (let done = false; !done; ) {
    const [[ok, given]] = await replies.follow(
      { open, ask: "pull", pull: { askedAt: sharedNow(), rate: 0 } },
      { begin: unused, resume: () => {}, renew: () => {} },
    );
    assert.ok(ok);
    pulled.push(...(given as Pulled).chunks);
    done = (given as Pulled).done;
  }
  assert.deepEqual(
    pulled.map((chunk) => Buffer.from(chunk).toString("latin1")),
    pieces.map((chunk) => Buffer.from(chunk).toString("latin1")),
  );
  for (const chunk of pulled)
    if (typeof chunk !== "string") assert.equal(chunk.buffer.byteLength, chunk.length);
});

const CHUNK_BYTES = 32_768;
const QUICK_CHUNKS = 8;

/** How many chunks come at once of a stream that has waited, and how often its call had its deadline again. */
async function gathered(waitedMs: number, rate: number): Promise<{ chunks: number; renewed: number }> {
  const body = (async function* () {
    for (;;) yield Buffer.alloc(CHUNK_BYTES);
  })();
  const replies = new OpenReplies();
  const [open] = replies.hold(replyOf(body), services) as readonly [number, boolean];
  let renewed = 0;
  const pull = async (waitedMs: number): Promise<number> => {
    const asked = { askedAt: sharedNow() - waitedMs, rate };
    const call = { begin: unused, resume: () => {}, renew: () => void renewed++ };
    const [[, given]] = await replies.follow({ open, ask: "pull", pull: asked }, call);
    return (given as Pulled).chunks.length;
  };
  for (let known = 0; known < QUICK_CHUNKS; ) known += await pull(0);
  renewed = 0;
  return { chunks: await pull(waitedMs), renewed };
}

test("OpenReplies.follow(): a stream that has waited makes as much at once as its client takes meanwhile", async () => {
  assert.deepEqual(await gathered(200, 2_000), { chunks: 13, renewed: 12 }, "400,000 bytes");
  assert.deepEqual(await gathered(200, 10), { chunks: 2, renewed: 1 }, "a slow client's do not pile up");
  assert.deepEqual(await gathered(60_000, 1_000_000), { chunks: 32, renewed: 31 }, "1 MiB at most");
});
