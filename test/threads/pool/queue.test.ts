import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, type NewCall, takeOn } from "../../../src/threads/pool/call.ts";
import { CallQueue, WaitingCalls } from "../../../src/threads/pool/queue.ts";

let order = 0;

function call(work: number, rest: Partial<NewCall> = {}): Call {
  const terms = {
    payload: undefined,
    transfer: [],
    timeoutMs: undefined,
    waiter: undefined,
    record: undefined,
  };
  return takeOn({ work, class: "request", ...terms, settle: () => {}, ...rest }, order++);
}

function filled<Queue extends { push(call: Call): void }>(queue: Queue, calls: readonly Call[]): Queue {
  for (const one of calls) queue.push(one);
  return queue;
}

function takeAll({ take }: { take: () => Call | undefined }): Call[] {
  const taken: Call[] = [];
  for (let one = take(); one !== undefined; one = take()) taken.push(one);
  return taken;
}

test("CallQueue gives calls in the order in which they came, whatever their work", () => {
  const calls = Array.from({ length: 30 }, (_, n) => call(n % 4));
  const queue = filled(new CallQueue(), calls);
  assert.equal(queue.size, 30);
  assert.equal(queue.oldest, calls[0]);
  assert.deepEqual(takeAll({ take: () => queue.take() }), calls);
  assert.deepEqual([queue.size, queue.oldest], [0, undefined]);
});

test("CallQueue.take(): the oldest among the works that may run, and the rest stay in order", () => {
  const calls = [1, 1, 2, 3, 2].map((work) => call(work));
  const queue = filled(new CallQueue(), calls);
  assert.equal(
    queue.take((work) => work !== 1),
    calls[2],
  );
  assert.equal(
    queue.take((work) => work === 2),
    calls[4],
  );
  assert.equal(
    queue.take((work) => work === 2),
    undefined,
  );
  assert.deepEqual(takeAll({ take: () => queue.take() }), [calls[0], calls[1], calls[3]]);
});

test("CallQueue.putBack(): what was taken goes before what came later, in its order", () => {
  const calls = [1, 2, 1, 2, 1].map((work) => call(work));
  const queue = filled(new CallQueue(), calls);
  const taken = [queue.take(), queue.take(), queue.take()] as Call[];
  queue.putBack(taken);
  assert.equal(queue.size, 5);
  assert.deepEqual(takeAll({ take: () => queue.take() }), calls);
});

test("CallQueue.takeWhere(): those that fit leave, the others keep their place", () => {
  const calls = Array.from({ length: 12 }, (_, n) => call(n % 3));
  const queue = filled(new CallQueue(), calls);
  queue.take();
  const odd = queue.takeWhere((one) => calls.indexOf(one) % 2 === 1);
  assert.deepEqual(new Set(odd), new Set(calls.filter((_, n) => n % 2 === 1)));
  assert.equal(queue.size, 5);
  assert.deepEqual(
    takeAll({ take: () => queue.take() }),
    calls.filter((_, n) => n > 0 && n % 2 === 0),
  );
});

test("WaitingCalls: requests go before background work that came first, and are counted apart", () => {
  const background = [call(1, { class: "background" }), call(2, { class: "background" })];
  const requests = [call(1), call(3)];
  const waiting = filled(new WaitingCalls(), [...background, ...requests]);
  assert.deepEqual(waiting.counts, { waiting: 4, waitingTasks: 2 });
  assert.equal(waiting.since, background[0]?.queuedAt);
  assert.equal(
    waiting.takeRequest((work) => work === 3),
    requests[1],
  );
  assert.deepEqual(waiting.takeAll(), [requests[0], ...background]);
  assert.deepEqual([waiting.size, waiting.since], [0, undefined]);
});

test("WaitingCalls.takeGone(): requests whose clients have hung up, and no background work", () => {
  const gone = { isGone: true };
  const calls = [call(1, { waiter: gone }), call(1, { waiter: { isGone: false } }), call(2)];
  const waiting = filled(new WaitingCalls(), [...calls, call(1, { class: "background", waiter: gone })]);
  assert.deepEqual(waiting.takeGone(), [calls[0]]);
  assert.deepEqual(waiting.counts, { waiting: 3, waitingTasks: 1 });
});

test("WaitingCalls.putBack(): each class before what came later of its own", () => {
  const calls = [call(1, { class: "background" }), call(1), call(2, { class: "background" }), call(2)];
  const waiting = filled(new WaitingCalls(), calls);
  const taken = waiting.takeAll();
  const later = call(1);
  waiting.push(later);
  waiting.putBack(taken);
  assert.deepEqual(waiting.takeAll(), [calls[1], calls[3], later, calls[0], calls[2]]);
});
