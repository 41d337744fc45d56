import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { FrameHandler, Inbox } from "../../src/http/sockets/inbox.ts";
import type { Frame } from "../../src/operation/messages.ts";
import type { Failure } from "../../src/operation/open-dependencies.ts";

function frameOf(text: string): Frame {
  return { bytes: Buffer.from(text), isBinary: false };
}

/** A handler whose end can be awaited. */
class Handling extends FrameHandler {
  readonly ended: Promise<void>;
  ends = 0;
  readonly #handle: (frame: Frame) => Promise<void>;
  readonly #settle: PromiseWithResolvers<void>;

  constructor(handle: (frame: Frame) => Promise<void>) {
    super();
    this.#handle = handle;
    this.#settle = Promise.withResolvers();
    this.ended = this.#settle.promise;
  }

  handle(frame: Frame): Promise<void> {
    return this.#handle(frame);
  }

  end(failure: Failure | undefined): void {
    this.ends++;
    if (failure === undefined) this.#settle.resolve();
    else this.#settle.reject(failure.error);
  }
}

function handleEach(inbox: Inbox, handle: (frame: Frame) => Promise<void>): Handling {
  const handling = new Handling(handle);
  inbox.handleEach(handling);
  return handling;
}

const textOf = ({ bytes }: Frame): string => Buffer.from(bytes).toString();

test("Inbox.next() gives those who wait one message each, in order, and the end to the rest", async () => {
  const inbox = new Inbox(10);
  const waiting = Promise.all([inbox.next(), inbox.next(), inbox.next()]);
  inbox.push(frameOf("first"));
  inbox.push(frameOf("second"));
  inbox.end(true);
  assert.deepEqual(
    (await waiting).map((frame) => frame && textOf(frame)),
    ["first", "second", undefined],
  );
});

test("Inbox.handleEach() handles one message at a time, in order, and ends when no more will come", async () => {
  const inbox = new Inbox(10);
  const seen: string[] = [];
  inbox.push(frameOf("before"));
  const { ended } = handleEach(inbox, async (frame) => {
    seen.push(`${textOf(frame)} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${textOf(frame)} ends`);
  });
  inbox.push(frameOf("after"));
  inbox.end(true);
  inbox.push(frameOf("too late"));
  await ended;
  assert.deepEqual(seen, ["before begins", "before ends", "after begins", "after ends"]);
});

test("Inbox.handleEach() handles what comes when nothing was left", async () => {
  const inbox = new Inbox(10);
  const seen: string[] = [];
  const { ended } = handleEach(inbox, async (frame) => void seen.push(textOf(frame)));
  for (const text of ["1", "2", "3"]) {
    inbox.push(frameOf(text));
    await new Promise((resolve) => setImmediate(resolve));
  }
  inbox.end(true);
  await ended;
  assert.deepEqual(seen, ["1", "2", "3"]);
});

test("Inbox.handleEach() lets others have their turn, though no message waits for anything", async () => {
  const inbox = new Inbox(1_000);
  let handled = 0;
  for (let n = 0; n < 500; n++) inbox.push(frameOf("x"));
  const { ended } = handleEach(inbox, async () => void handled++);
  inbox.end(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(handled > 0 && handled < 500, `${handled} of 500 were handled in one turn`);
  await ended;
  assert.equal(handled, 500);
});

test("Inbox.handleEach() handles messages in the async context that the handler was made in", async () => {
  const inbox = new Inbox(10);
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const { ended } = storage.run("the connection", () =>
    handleEach(inbox, async () => {
      seen.push(storage.getStore());
      await null;
      seen.push(storage.getStore());
    }),
  );
  storage.run("the network", () => inbox.push(frameOf("x")));
  inbox.end(true);
  await ended;
  assert.deepEqual(seen, ["the connection", "the connection"]);
});

test("Inbox.handleEach() ends with what handling a message has thrown, and handles no more", async () => {
  const inbox = new Inbox(10);
  let handled = 0;
  inbox.push(frameOf("1"));
  inbox.push(frameOf("2"));
  const handling = handleEach(inbox, async () => {
    handled++;
    throw new Error("broken");
  });
  await assert.rejects(handling.ended, /broken/);
  inbox.push(frameOf("3"));
  inbox.end(false);
  assert.deepEqual([handled, handling.ends], [1, 1]);
});

test("Inbox.handleEach() ends once, however often no more will come", async () => {
  const inbox = new Inbox(10);
  const handling = handleEach(inbox, async () => inbox.end(false));
  inbox.push(frameOf("the last"));
  await handling.ended;
  inbox.end(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(handling.ends, 1);
});

test("Inbox has its source paused while it is full, and no longer", async () => {
  const inbox = new Inbox(2);
  const asked: string[] = [];
  inbox.open({ pause: () => asked.push("pause"), resume: () => asked.push("resume") });
  for (const text of ["1", "2", "3"]) inbox.push(frameOf(text));
  assert.deepEqual([asked, inbox.isPaused], [["pause"], true]);
  assert.equal(textOf((await inbox.next()) as Frame), "1");
  assert.ok(inbox.isPaused);
  await inbox.next();
  assert.deepEqual([asked, inbox.isPaused], [["pause", "resume"], false]);
});
