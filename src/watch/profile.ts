import type { Profiler, Session } from "node:inspector";
import { findSourceMap } from "node:module";
import { isOwnScript } from "../errors/own-code.ts";
import { loadedMap, scriptPath } from "../errors/source-map.ts";
import { type Frame, mappedHere } from "./sampler.ts";
import { clockMs } from "./shared-words.ts";

/** What the profiler saw between two instants: the stacks, and when it saw each. */
export interface Timeline {
  readonly stacks: readonly ProfiledStack[];
  readonly hits: readonly { readonly at: number; readonly stack: number }[];
}

/** A stack from the profiler, innermost first. The positions of its frames are where their functions begin. */
export interface ProfiledStack {
  readonly frames: readonly Frame[];
  /** The current line of the innermost frame with a file; undefined when there may have been several. */
  readonly line: number | undefined;
}

const INTERVAL_US = 20_000;
const ROLL_MS = 1_000;
/** Titles are shared by the whole process: ending a profile ends every one with the same title. */
let begun = 0;

/**
 * V8's CPU profiler, always on: the only source that sees lines inside native calls. Profiles overlap (the next begins
 * before the last one ends), so that the profiler never restarts: a roll costs 0.3 ms, a restart 0.5 ms per MB of heap.
 */
export class RollingProfile {
  readonly #inspector = process.getBuiltinModule("node:inspector");
  readonly #session: Session = new this.#inspector.Session();
  #title = nextTitle();
  #rolledAt = clockMs();
  #onFinished: ((profile: Profiler.Profile) => void) | undefined;

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });
    this.#session.on("Profiler.consoleProfileFinished", ({ params }) => this.#onFinished?.(params.profile));
    this.#console.profile(this.#title);
  }

  /** Begins a new profile when the last one has grown old: the shorter it is, the more reliable its lines. */
  rollWhenDue(): void {
    if (clockMs() - this.#rolledAt >= ROLL_MS) this.#roll();
  }

  /** What it saw between two instants of the clock. Ask soon afterwards. */
  between(from: number, to: number): Promise<Timeline> {
    return new Promise((resolve) => {
      const end = clockMs();
      this.#onFinished = (profile) => {
        this.#onFinished = undefined;
        resolve(timelineOf(profile, end, from, to));
      };
      this.#roll();
    });
  }

  stop(): void {
    this.#session.disconnect();
  }

  get #console(): Pick<Console, "profile" | "profileEnd"> {
    return this.#inspector.console as unknown as Console;
  }

  #roll(): void {
    const last = this.#title;
    this.#title = nextTitle();
    this.#rolledAt = clockMs();
    this.#console.profile(this.#title);
    this.#console.profileEnd(last);
  }
}

function nextTitle(): string {
  return `offloop ${begun++}`;
}

function timelineOf(profile: Profiler.Profile, end: number, from: number, to: number): Timeline {
  const seen: { readonly at: number; readonly node: number }[] = [];
  let us = profile.startTime;
  for (const [index, node] of (profile.samples ?? []).entries()) {
    us += profile.timeDeltas?.[index] ?? 0;
    const at = end - (profile.endTime - us) / 1000;
    if (at >= from && at <= to) seen.push({ at, node });
  }
  const ids = [...new Set(seen.map(({ node }) => node))];
  const stackOf = stackReader(profile.nodes);
  return {
    stacks: ids.map((id) => stackOf(id, seen.filter(({ node }) => node === id).length)),
    hits: seen.map(({ at, node }) => ({ at, stack: ids.indexOf(node) })),
  };
}

function stackReader(nodes: readonly Profiler.ProfileNode[]): (id: number, hits: number) => ProfiledStack {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  return (id, hits) => {
    const calls: Call[] = [];
    for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) {
      const { callFrame } = byId.get(at) as Profiler.ProfileNode;
      if (callFrame.url !== "") calls.push(callFrame);
    }
    const [innermost] = calls;
    const line = innermost && lineOf(byId.get(id), hits);
    return { frames: calls.map(frameOf), line: line && sourceLine(innermost, line) };
  };
}

/** Selects the last code on a line whose column is unknown. */
const LINE_END = 100_000;

type Call = Profiler.ProfileNode["callFrame"];

function frameOf({ functionName, url, lineNumber, columnNumber }: Call): Frame {
  const place = { file: scriptPath(url), line: lineNumber + 1, column: columnNumber + 1 };
  const shown = { functionName: functionName || undefined, isOwn: isOwnScript(url), isAwaiting: false };
  return { ...mappedHere(place, url), ...shown };
}

function sourceLine({ url }: Call, line: number): number | undefined {
  const file = scriptPath(url);
  const map = process.sourceMapsEnabled ? loadedMap(findSourceMap(url), file) : undefined;
  if (map !== undefined) return map.ofLine(line)?.line;
  return mappedHere({ file, line, column: LINE_END }, url).line;
}

/**
 * Ticks are counted over the whole profile: only those in excess of the ticks before the block are
 * certain to belong to it.
 */
function lineOf(node: Profiler.ProfileNode | undefined, hits: number): number | undefined {
  const ticks = node?.positionTicks ?? [];
  const before = ticks.reduce((sum, tick) => sum + tick.ticks, 0) - hits;
  return ticks.find((tick) => tick.ticks - before > hits / 2)?.line;
}
