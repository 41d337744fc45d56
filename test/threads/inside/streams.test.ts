import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chunk, RawReply } from "../../../src/operation/raw.ts";
import type { Pulled, RequestServices } from "../../../src/threads/crossing/payloads.ts";
import { OpenReplies } from "../../../src/threads/inside/streams.ts";

function unused(): never {
  throw new Error("no chunk asks for it");
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
  const reply: RawReply = {
    status: 200,
    mediaType: undefined,
    headers: undefined,
    body,
    background: undefined,
    error: undefined,
  };
  const [open] = replies.hold(reply, services) as readonly [number, boolean];
  const pulled: Chunk[] = [];
  for (let done = false; !done; ) {
    const [[ok, given]] = await replies.follow({ open, ask: "pull" }, { begin: unused, resume: () => {} });
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
