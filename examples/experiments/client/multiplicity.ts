import type { AppProcess } from "./app-process.ts";
import { inMs } from "./figures.ts";
import { latencyOf } from "./latency.ts";
import { get, getMany } from "./request.ts";
import type { Expectation, Figures, Row, Section } from "./row.ts";
import { nextTaskEnds, type TaskEnd, wavesOf } from "./task-ends.ts";
import { warmUp } from "./warm-up.ts";

/** Requests in flight at a time: enough to keep the server busy, few enough for one client. */
const CONNECTIONS = 20;

type Kind = "plain" | "async";

/** The kind of tasks, the number of requests, and FastAPI's result. */
const cases: readonly (readonly [Kind, number, Figures])[] = [
  ["plain", 4, ["4", "4; 1"]],
  ["plain", 20, ["20 of 40", "20; 13"]],
  ["async", 4, ["", ""]],
  ["async", 20, ["main", "20; 13"]],
  ["async", 1000, ["main", "1000; 452"]],
];

/** Where the tasks of many requests run, how many at a time, and in which order. */
export function multiplicity(app: AppProcess, seconds: number): Section {
  return {
    title: "2. Background multiplicity: where tasks run, and how many at a time",
    about:
      "Requests that add three tasks. Waves in which their first tasks end; from the first end of a third task to the last.",
    names: ["on threads", "waves; spread, ms"],
    rows: measureAll(app, seconds),
  };
}

async function* measureAll(app: AppProcess, seconds: number): AsyncGenerator<Row> {
  const mainThread = (await get<{ thread: number }>(`${app.url}/`)).body.thread;
  for (const [kind, requests, fastapi] of cases) {
    await warmUp(app);
    const url = `${app.url}/multiplicity?as_async=${kind === "async"}&seconds=${seconds}`;
    const together = kind === "async" ? requests : Math.min(requests, app.threads);
    const withinMs = 30_000 + ((10 * requests) / together) * seconds * 1000;
    const ends = nextTaskEnds(app.lines, requests * 3, withinMs);
    const sentAt = performance.now();
    const answers = latencyOf(await getMany(url, requests, CONNECTIONS));
    const sentWithinMs = performance.now() - sentAt;
    const found = lookAt(await ends, seconds * 1000);
    yield {
      what: `${kind} tasks`,
      requests,
      figures: [found.threads.join(" "), `${found.waves.join("+")}; ${inMs(found.spreadMs)}`],
      fastapi,
      measured: { mainThread, ...found, answerMs: answers, sentWithinMs },
      expected: [
        { what: "ok at once", held: answers.p50 < 500 * seconds },
        expectPlace(kind, found, mainThread),
        ...(kind === "async" ? [expectNoWaiting(found)] : expectWaves(found, together, requests)),
        { what: "in order", held: found.inOrder },
      ],
    };
  }
}

interface Found {
  /** Where tasks ran. */
  readonly threads: readonly number[];
  /** How many requests' first tasks ended together. */
  readonly waves: readonly number[];
  /** Time between the first wave and the second, in waits. */
  readonly secondWaveAfter: number | undefined;
  /** Whether each request's tasks ended in order, a wait apart. */
  readonly inOrder: boolean;
  /** The longest time from the end of a request's task to the end of its next, in waits. */
  readonly longestStep: number;
  /** From the first end of a request's last task to the last one. */
  readonly spreadMs: number;
}

function lookAt(ends: readonly TaskEnd[], waitMs: number): Found {
  const waves = wavesOf(
    ends.filter(({ task }) => task === 0),
    waitMs,
  );
  const last = ends.filter(({ task }) => task === 2);
  const starts = waves.map((wave) => wave[0]!.at);
  const own = [...Map.groupBy(ends, ({ request }) => request).values()];
  const steps = own.flatMap(stepsOf).map((ms) => ms / waitMs);
  return {
    threads: [...new Set(ends.map(({ thread }) => thread))].sort((a, b) => a - b),
    waves: waves.map((wave) => wave.length),
    secondWaveAfter: starts.length < 2 ? undefined : (starts[1]! - starts[0]!) / waitMs,
    inOrder: own.every((all) => all.every(({ task }, n) => task === n)) && Math.min(...steps) > 0.9,
    longestStep: Math.max(...steps),
    spreadMs: last.at(-1)!.at - last[0]!.at,
  };
}

/** Time from each end to the next, in milliseconds: a task starts when the previous one has ended. */
function stepsOf(ends: readonly TaskEnd[]): number[] {
  return ends.slice(1).map((end, n) => end.at - ends[n]!.at);
}

function expectPlace(kind: Kind, { threads }: Found, mainThread: number): Expectation {
  return kind === "async"
    ? { what: "on the loop", held: threads.every((thread) => thread === mainThread) }
    : { what: "off the loop", held: !threads.includes(mainThread) };
}

/** However long the client took to send them all: no task had to wait for those of other requests. */
function expectNoWaiting({ longestStep }: Found): Expectation {
  return { what: "all at once", held: longestStep < 2 };
}

function expectWaves({ waves, secondWaveAfter }: Found, together: number, requests: number): Expectation[] {
  const what = together === requests ? "all at once" : `${together} at a time`;
  const first = { what, held: waves[0] === together };
  if (secondWaveAfter === undefined) return [first];
  return [first, { what: "a wait apart", held: secondWaveAfter > 0.8 && secondWaveAfter < 1.5 }];
}
