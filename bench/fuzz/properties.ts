import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import * as fc from "fast-check";
import type { Answer } from "./answers.ts";
import { exchange, type Outcome, type Plan } from "./exchange.ts";
import {
  isHonest,
  laneNames,
  planOf,
  type RandomRequest,
  requests,
  type Travel,
  travel,
} from "./random-requests.ts";
import type { Declared } from "./random-schemas.ts";
import type { State, Subject } from "./subject.ts";

/**
 * How long one turn of the loop may compute: twice the intended limit, since several requests may end in one turn and
 * the process collects garbage.
 */
const MAX_HELD_MS = 400;
/** `threads.max` of the app, plus the one in reserve. */
const MAX_THREADS = 3;
/** How long leftovers of a request may take to disappear: as long as a client waits. */
const QUIET_MS = 40_000;

/** A property that holds for every random input. */
export interface Invariant {
  readonly name: string;
  readonly property: fc.IAsyncProperty<unknown>;
  /** How many inputs to try in one round. */
  readonly runs: number;
}

/** What must hold for a server with these schemas, whatever is sent. */
export function invariants(subject: Subject, declared: readonly Declared[]): Invariant[] {
  const request = requests(declared);
  const talk = fc.record({ sent: fc.array(request, { minLength: 1, maxLength: 3 }), travel });
  return [
    {
      name: "every request is answered, or its client has gone",
      runs: 150,
      property: fc.asyncProperty(talk, async ({ sent, travel }) => {
        await subject.open();
        await talkWith(subject, sent, travel);
        await nothingStays(subject, { isClosed: false });
      }),
    },
    {
      name: "an operation answers the same on each lane",
      runs: 60,
      property: fc.asyncProperty(request.filter(isComparable), async (sent) => {
        await subject.open();
        await sameOnEachLane(subject, sent);
        await nothingStays(subject, { isClosed: false });
      }),
    },
    {
      name: "nothing is left when the server closes at any moment",
      runs: 6,
      property: fc.asyncProperty(
        fc.record({
          talks: fc.array(talk, { minLength: 1, maxLength: 8 }),
          closeMs: fc.nat({ max: 250 }),
          graceMs: fc.constantFrom(10, 100, 5_000),
        }),
        (moment) => closingAt(subject, moment),
      ),
    },
  ];
}

async function talkWith(subject: Subject, sent: readonly RandomRequest[], travel: Travel): Promise<void> {
  const plan = planOf(sent, travel);
  const outcome = await exchange(subject.url, plan);
  assert.equal(subject.death, undefined);
  assert.ok(outcome.isOver, `the connection did not end; it got ${shown(outcome)}`);
  for (const [index, answer] of outcome.answers.entries()) isDeclared(answer, sent[index]);
  if (plan.ending !== "wait") return;
  // RFC 9112, 9.6: what follows an answer that closes the connection is ignored, such as the rest of
  // a body that is too large.
  const closing = outcome.answers.findIndex(({ headers }) => headers.get("connection") === "close");
  const due = closing < 0 ? sent.length : closing + 1;
  assert.equal(outcome.answers.length, due, `not every request was answered: ${shown(outcome)}`);
  assert.equal(outcome.rest, "", "what came after the answers is no answer");
}

/** A server error is correct only where the app makes one. */
function isDeclared(answer: Answer, sent: RandomRequest | undefined): void {
  const { status, headers, body } = answer;
  if (status < 500 || (status === 503 && headers.has("retry-after"))) return;
  const path = sent?.path ?? "";
  if (status === 504 && /^\/(waits|events|later)/.test(path)) return;
  if (status === 500 && path.startsWith("/throws")) return;
  assert.fail(`${status} for ${path}: ${body.toString("latin1", 0, 500)}`);
}

/**
 * Requests whose answer only the lane could change: waits and streams depend on time, and false framings on how the
 * bytes are cut.
 */
function isComparable(request: RandomRequest): boolean {
  return isHonest(request) && !/^\/(waits|events)/.test(request.path);
}

async function sameOnEachLane(subject: Subject, sent: RandomRequest): Promise<void> {
  const answers: (Answer | undefined)[] = [];
  for (const lane of laneNames) {
    const plan = planOf([{ ...sent, lane }], { cuts: [], ending: "wait", leaveMs: 0 });
    const outcome = await exchange(subject.url, plan);
    assert.equal(subject.death, undefined);
    answers.push(outcome.answers[0]);
  }
  const [first, ...others] = answers;
  // The loop accepts smaller bodies than a thread does.
  if (first?.status === 413) return;
  for (const other of others)
    assert.deepEqual([other?.status, text(other, sent)], [first?.status, text(first, sent)]);
}

/** Answers to unknown paths name the path, and with it the lane. */
function text(answer: Answer | undefined, { path }: RandomRequest): string | undefined {
  return path.startsWith("/nowhere") ? "" : answer?.body.toString("latin1");
}

interface Moment {
  readonly talks: readonly { readonly sent: readonly RandomRequest[]; readonly travel: Travel }[];
  readonly closeMs: number;
  readonly graceMs: number;
}

/** A server of its own, which closes while clients communicate with it. */
async function closingAt(subject: Subject, { talks, closeMs, graceMs }: Moment): Promise<void> {
  if (subject.url !== "") await subject.close();
  await subject.open(graceMs);
  const { url } = subject;
  const plans: Plan[] = talks.map(({ sent, travel }) => planOf(sent, travel));
  const talking = plans.map((plan) => exchange(url, plan));
  await pause(closeMs);
  await subject.close();
  const outcomes = await Promise.all(talking);
  assert.equal(subject.death, undefined);
  for (const [index, outcome] of outcomes.entries()) {
    assert.ok(outcome.isOver, `connection ${index} did not end: ${shown(outcome)}`);
    for (const [n, answer] of outcome.answers.entries()) isDeclared(answer, talks[index]?.sent[n]);
  }
  await nothingStays(subject, { isClosed: true });
}

/** Waits until nothing of the requests remains, or says what does. */
async function nothingStays(subject: Subject, { isClosed }: { isClosed: boolean }): Promise<void> {
  const until = performance.now() + QUIET_MS;
  let heldMs = 0;
  const undeclared: string[] = [];
  let state: State;
  do {
    state = await subject.state();
    heldMs = Math.max(heldMs, state.heldMs);
    undeclared.push(...state.undeclared);
  } while (!isQuiet(state, isClosed) && performance.now() < until);
  assert.ok(isQuiet(state, isClosed), `something is left: ${JSON.stringify(state.left)}`);
  assert.deepEqual(undeclared, []);
  assert.ok(heldMs < MAX_HELD_MS, `the loop was held for ${heldMs.toFixed(0)} ms`);
}

function isQuiet({ left }: State, isClosed: boolean): boolean {
  const isReleased = left.files.length === 0 && left.descriptors <= 0 && left.calls === 0;
  if (!isClosed) return isReleased && left.threads <= MAX_THREADS;
  return isReleased && left.threads === 0 && left.resources.length === 0;
}

function shown({ answers, rest }: Outcome): string {
  return JSON.stringify({ statuses: answers.map(({ status }) => status), rest: rest.slice(0, 500) });
}
