import type { Ready } from "../serve.ts";
import { fromTo, inOrder } from "./figures.ts";
import { type Latency, latencyOf, latencyWhile } from "./latency.ts";
import { get, getMany } from "./request.ts";
import type { Expectation, Row, Section } from "./row.ts";
import { slowCallArrived } from "./slow-calls.ts";
import { warmUp } from "./warm-up.ts";

/** A way to wait for the slow server. */
interface Way {
  readonly path: string;
  readonly what: string;
  /** How many of its calls can wait at a time. */
  readonly atATime: (threads: number) => number;
}

const trap: Way = { path: "async-blocking", what: "async, synchronous call", atATime: () => 1 };
const task: Way = { path: "async-task", what: "async, call in a task", atATime: (threads) => threads };
const client: Way = { path: "async-fetch", what: "async, fetch", atATime: () => Number.POSITIVE_INFINITY };
const plain: Way = { path: "plain", what: "plain function", atATime: (threads) => threads };

/** The requests meanwhile: an async operation, and a plain one. */
const probes = [
  { path: "/", what: "", asked: "GET /" },
  { path: "/path-operations/plain-short", what: ", plain GET", asked: "plain GET" },
] as const;

/** A way, the number of requests, and FastAPI's result: how long they took, and each probe's latency. */
const cases: readonly (readonly [Way, number, string, ...string[]])[] = [
  [trap, 1, "3.0 s", "2813 / 1451 / 2813"],
  [trap, 3, "3.0 ... 9.0 s", "8818 / 4428 / 8818"],
  [task, 1, "3.0 s", "1.6 / 1.5 / 3.8"],
  [task, 10, "3.0 ... 6.0 s", "1.4 / 1.5 / 2.1"],
  [client, 1, "3.1 s", "1.5 / 1.6 / 7.6"],
  [client, 10, "", ""],
  [plain, 1, "3.0 s", "1.4 / 1.5 / 2.1"],
  [plain, 10, "3.0 s", "1.4 / 1.5 / 2.1"],
  [plain, 45, "3.0 ... 6.0 s", "1.6 / 1.6 / 5.1", "2829 / 11 / 2829"],
];

/** How `GET /` fares while operations wait for the slow server. */
export function pathOperations(app: Ready, seconds: number): Section {
  return {
    title: "1. Path operations: who freezes whom",
    about:
      "Requests that wait for a slow server; meanwhile GET /, thirty times a wait: first / median / longest.",
    names: ["they took", "GET /, ms"],
    rows: measureAll(app, seconds),
  };
}

async function* measureAll(app: Ready, seconds: number): AsyncGenerator<Row> {
  await get(`${app.url}/path-operations/async-blocking?seconds=0`); // the first synchronous call starts a worker
  for (const [way, requests, fastapiTook, ...fastapiMeanwhile] of cases) {
    const paths = probes.slice(0, fastapiMeanwhile.length).map(({ path }) => path);
    const { took, meanwhile } = await measure(app, { path: way.path, requests, seconds }, paths);
    for (const [index, latency] of meanwhile.entries()) {
      const { path, what, asked } = probes[index]!;
      yield {
        what: way.what + what,
        requests,
        figures: [fromTo(took.min, took.max), inOrder(latency)],
        fastapi: [fastapiTook, fastapiMeanwhile[index]!],
        measured: { tookMs: took, probe: path, meanwhileMs: latency },
        expected: [
          expectAnswers(asked, latency, way === trap, seconds),
          ...expectWaves(took, requests, way.atATime(app.threads), seconds),
        ],
      };
    }
  }
}

async function measure(
  app: Ready,
  { path, requests, seconds }: { path: string; requests: number; seconds: number },
  probed: readonly string[],
): Promise<{ took: Latency; meanwhile: Latency[] }> {
  await warmUp(app);
  const slow = getMany(`${app.url}/path-operations/${path}?seconds=${seconds}`, requests);
  await Promise.race([slowCallArrived(app.slowServer), slow]);
  const everyMs = (seconds * 1000) / 30;
  const meanwhile = await Promise.all(probed.map((probe) => latencyWhile(app.url + probe, everyMs, slow)));
  return { took: latencyOf(await slow), meanwhile };
}

/**
 * Frozen: a request waits for the whole call. Otherwise not even the first one does, and half of them wait for nothing.
 */
function expectAnswers(
  asked: string,
  { first, p50, max }: Latency,
  frozen: boolean,
  seconds: number,
): Expectation {
  const waitMs = seconds * 1000;
  return frozen
    ? { what: `${asked} waits: frozen`, held: max >= 0.8 * waitMs }
    : { what: `${asked} stays fast`, held: p50 < 0.1 * waitMs && first < 0.5 * waitMs };
}

function expectWaves(took: Latency, requests: number, atATime: number, seconds: number): Expectation[] {
  if (requests === 1) return [];
  const waves = Math.max(1, Math.ceil(requests / atATime));
  const what = waves === 1 ? "all at once" : atATime === 1 ? "one by one" : `${atATime} at a time`;
  const inWaits = took.max / (seconds * 1000);
  return [{ what, held: inWaits >= 0.9 * waves && inWaits < 2 * waves }];
}
