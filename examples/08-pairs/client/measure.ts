import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type Latency, latencyWhile } from "../../experiments/client/latency.ts";
import { get } from "../../experiments/client/request.ts";
import type { RanOn } from "../operations/wait.ts";
import type { AppProcess, Block, Saying } from "./app-process.ts";
import type { Backends } from "./backends.ts";
import type { Way } from "./pair.ts";

/** Something that must be true of the measurements. */
export interface Expectation {
  readonly what: string;
  readonly held: boolean;
}

/** The result of one way. */
export interface Measured {
  readonly way: Way;
  readonly lane: "loop" | "thread";
  readonly ms: number;
  /** Latency of `GET /` meanwhile. */
  readonly others: Latency;
  readonly guard: Saying | undefined;
  readonly watchdog: Block | undefined;
  readonly expected: readonly Expectation[];
}

/** What it takes to measure. */
export interface Stage {
  readonly app: AppProcess;
  readonly backends: Backends;
  readonly seconds: number;
}

/** Runs one way, while `GET /` is requested thirty times per wait. */
export async function measure(stage: Stage, way: Way): Promise<Measured> {
  const { app, seconds } = stage;
  // A thread and its worker start on their first call; a trap must be met cold, since it is reported only once.
  if (way.trap === undefined) await run(stage, way, 0);
  const startedAt = Date.now();
  // Earlier blocks, such as a library that loads on its first call, do not belong to this run.
  const blocks = (): Block[] => app.blocks.filter((block) => block.startedAt + block.ms > startedAt + 50);
  const work = run(stage, way, seconds);
  const [others, { thread, ms }] = await Promise.all([
    latencyWhile(`${app.url}/`, (seconds * 1000) / 30, work),
    work,
  ]);
  // The watchdog's report comes when the loop turns again.
  for (let round = 0; way.trap !== undefined && blocks().length === 0 && round < 500; round++)
    await setTimeout(10);
  const found = {
    way,
    lane: thread === 0 ? "loop" : "thread",
    ms,
    others,
    guard: app.guard.find(({ subject }) => subject === subjectOf(way)),
    watchdog: blocks().toSorted((a, b) => b.ms - a.ms)[0],
  } as const;
  return { ...found, expected: expectationsOf(found, seconds) };
}

async function run(stage: Stage, { path }: Way, seconds: number): Promise<RanOn & { ms: number }> {
  const { app, backends } = stage;
  const startedAt = performance.now();
  const url = `${app.url}${path}?seconds=${seconds}`;
  const isTask = path.startsWith("/background/");
  const end = isTask ? app.taskEnd(path.slice("/background/".length)) : undefined;
  const written = path.startsWith("/fifo/") ? backends.writeToPipe(seconds) : undefined;
  const [answer, task] = await Promise.all([get<RanOn>(url), end, written]);
  return { thread: task?.thread ?? answer.body.thread, ms: performance.now() - startedAt };
}

/** The subject as the guard and the watchdog name it. */
function subjectOf({ path }: Way): string {
  return path.startsWith("/background/") ? `task ${path.slice("/background/".length)}` : `GET ${path}`;
}

function expectationsOf(
  { way, lane, ms, others, guard, watchdog }: Omit<Measured, "expected">,
  seconds: number,
): Expectation[] {
  const waitMs = seconds * 1000;
  const all = [
    { what: `on ${way.lane === "loop" ? "the loop" : "a thread"}`, held: lane === way.lane },
    { what: "waits", held: ms > 0.9 * waitMs * way.waits },
  ];
  const isNamed = (saying: Saying | undefined, lines: readonly string[]): boolean =>
    saying?.subject === subjectOf(way) && lines.includes(saying.at);
  if (way.trap === undefined) {
    const isFast = others.p50 < 0.2 * waitMs && others.max < 0.8 * waitMs;
    const told = way.told === undefined ? [] : markedLines(way.told, "told");
    const said = { what: "guard tells", held: isNamed(guard, told) };
    const quiet = { what: "guard is quiet", held: guard === undefined };
    return [
      ...all,
      { what: "GET / stays fast", held: isFast },
      { what: "it blocks nothing", held: watchdog?.subject !== subjectOf(way) },
      way.told === undefined ? quiet : said,
    ];
  }
  const lines = markedLines(way.trap, "trap");
  return [
    ...all,
    { what: "GET / waits: frozen", held: others.max > 0.8 * waitMs },
    { what: "guard names the line", held: isNamed(guard, lines) },
    { what: "watchdog names the line", held: isNamed(watchdog, lines) },
  ];
}

/** The lines of a file that end in this mark. */
function markedLines(file: string, mark: "trap" | "told"): string[] {
  const lines = readFileSync(new URL(`../${file}`, import.meta.url), "utf8").split("\n");
  return lines.flatMap((text, index) => (text.endsWith(` // ${mark}`) ? [`${file}:${index + 1}`] : []));
}
