import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { atLeast, atMost, type Goal } from "../goal.ts";
import { readProcessCpu } from "../servers/process-cpu.ts";
import { pairedRatios, type Summary, summarize } from "../statistics.ts";
import type { TrialResult } from "../trial.ts";
import { inTurn } from "../turns.ts";
import { Fleet } from "./fleet.ts";
import type { JobsScale } from "./scale.ts";
import { CONCURRENCY, type CostSide, type CostSides, onPglite, onPgliteAlone, onPostgres } from "./sides.ts";

const SLICE_MS = 1_000;
const LOOP_SLICE_MS = 3_000;
const ENQUEUES_A_SECOND = 100;
const IDLE_MS = 20_000;
/** After its start a process is still compiling. */
const SETTLE_MS = 5_000;
const PROCESSED = 500;
const FIRST_HOLD_MS = 2_000;
/** By this time a side has stored the jobs of a slice, before which none may run; doubled until it is enough. */
const holds = new WeakMap<CostSide, number>();

type Measure = (side: CostSide) => Promise<number>;

/** Enqueueing and running jobs on PostgreSQL, compared with pg-boss alone in the same rounds. */
export async function cost({ rounds }: JobsScale): Promise<TrialResult> {
  const figures = await compareSides(onPostgres, rounds);
  return { figures, goals: goalsOf(figures, 0.9) };
}

/** The same, embedded. */
export async function embeddedCost({ rounds }: JobsScale): Promise<TrialResult> {
  const figures = await compareSides(onPglite, rounds);
  return { figures, goals: goalsOf(figures, 0.75) };
}

function goalsOf({ oneByOne, inFlight, run }: Costs, enqueue: number): Goal[] {
  return [
    atLeast(enqueue, "enqueued one by one", oneByOne.ratio.median),
    atLeast(enqueue, `enqueued with ${CONCURRENCY} in flight`, inFlight.ratio.median),
    atLeast(0.9, "run a second", run.ratio.median),
  ];
}

interface Compared {
  readonly ours: Summary;
  readonly bare: Summary;
  /** Ratio within the same round. */
  readonly ratio: Summary;
}

type Costs = Readonly<Record<"oneByOne" | "inFlight" | "run", Compared>>;

async function compareSides(open: () => Promise<CostSides>, rounds: number): Promise<Costs> {
  await using sides = await open();
  return {
    oneByOne: await compare(sides, rounds, (side) => enqueued(side, 1)),
    inFlight: await compare(sides, rounds, (side) => enqueued(side, CONCURRENCY)),
    run: await compare(sides, rounds, processed),
  };
}

async function compare({ ours, bare }: CostSides, rounds: number, measure: Measure): Promise<Compared> {
  const figures = { ours: [] as number[], bare: [] as number[] };
  const sides = [
    { side: ours, own: figures.ours },
    { side: bare, own: figures.bare },
  ];
  // V8 compiles during the first turn.
  for (let round = -1; round < rounds; round++)
    for (const { side, own } of inTurn(sides, Math.abs(round))) {
      const figure = await measure(side);
      if (round >= 0) own.push(figure);
    }
  return {
    ours: summarize(figures.ours),
    bare: summarize(figures.bare),
    ratio: summarize(pairedRatios(figures.ours, figures.bare)),
  };
}

/** Jobs stored per second; they run an hour later, so that nothing else is measured. */
async function enqueued(side: CostSide, inFlight: number): Promise<number> {
  const later = new Date(Date.now() + 3_600_000);
  const start = performance.now();
  let count = 0;
  const one = async (): Promise<void> => {
    while (performance.now() - start < SLICE_MS) {
      await side.enqueue(later);
      count++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return (count * 1_000) / (performance.now() - start);
}

/** Jobs run per second, from the first to the last of those whose time came at the same instant. */
async function processed(side: CostSide): Promise<number> {
  for (let holdMs = holds.get(side) ?? FIRST_HOLD_MS; ; holdMs *= 2) {
    holds.set(side, holdMs);
    const times: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    side.onRun = () => {
      times.push(performance.now());
      if (times.length === PROCESSED) resolve();
    };
    const isHeld = await storeFor(side, new Date(Date.now() + holdMs));
    await promise;
    side.onRun = () => {};
    // Whatever the last of them still has to store must not burden the other side.
    await sleep(500);
    if (isHeld) return ((PROCESSED - 1) * 1_000) / ((times.at(-1) as number) - (times[0] as number));
  }
}

/** @returns Whether all were stored before their time came. */
async function storeFor(side: CostSide, at: Date): Promise<boolean> {
  for (let stored = 0; stored < PROCESSED; stored += 50)
    await Promise.all(Array.from({ length: 50 }, () => side.enqueue(at)));
  return Date.now() < at.getTime();
}

/** The loop's p99 delay with the embedded engine, idle and with 100 enqueues per second. */
export async function loop({ rounds }: JobsScale): Promise<TrialResult> {
  await using sides = await onPgliteAlone();
  const idle: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < rounds; round++) {
    idle.push(await delayDuring(() => sleep(LOOP_SLICE_MS)));
    busy.push(await delayDuring(() => enqueueSteadily(sides.ours)));
  }
  const ratio = summarize(pairedRatios(busy, idle));
  return {
    figures: { idleMs: summarize(idle), busyMs: summarize(busy), ratio },
    goals: [atMost(2, "p99 of the loop under 100 enqueues a second, against idle", ratio.median)],
  };
}

async function delayDuring(run: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await run();
  histogram.disable();
  return histogram.percentile(99) / 1e6;
}

async function enqueueSteadily(side: CostSide): Promise<void> {
  const later = new Date(Date.now() + 3_600_000);
  const pending: Promise<unknown>[] = [];
  const timer = setInterval(() => pending.push(side.enqueue(later)), 1_000 / ENQUEUES_A_SECOND);
  await sleep(LOOP_SLICE_MS);
  clearInterval(timer);
  await Promise.all(pending);
}

/** The CPU time of a process that serves and works, embedded, while nothing happens. */
export async function idle(): Promise<TrialResult> {
  await using fleet = new Fleet();
  const { child } = await fleet.serve();
  await sleep(SETTLE_MS);
  const before = readProcessCpu(child.pid as number);
  await sleep(IDLE_MS);
  const percent = (readProcessCpu(child.pid as number) - before) / (IDLE_MS * 10);
  return { figures: { percent }, goals: [atMost(2, "% of a core, idle and embedded", percent)] };
}
