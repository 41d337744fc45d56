import { writeSync } from "node:fs";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { BlockPlace, BlockReport } from "../channels/channels.ts";
import { Block, isSure, Lateness, type Onlooker, type Sighting, stateOf } from "./block.ts";
import { CpuMeter, isMainThreadRunnable } from "./cpu-use.ts";
import { doubted, judge, seenAtWork } from "./culprits.ts";
import type { EndedBlock, LogAdvice, WatchdogData, WatchdogNews, WatchdogOrder } from "./messages.ts";
import { anyOf, liveText, manyRuns, probably } from "./report-text.ts";
import {
  BEAT_AT,
  BEAT_MS,
  clockMs,
  DELAYED_MS,
  MUTED,
  marksInProgress,
  PAUSABLE,
  RAN_MS,
  RUNNING,
} from "./shared-words.ts";
import { waitingConnections } from "./waiting-connections.ts";

/** As a fraction of the threshold. */
const FIRST_LOOK = 0.75;
const ANSWER_PATIENCE_MS = 50;
const MAX_BLOCKS = 50;

/** Runs in the watchdog's thread: compares the loop's heartbeat with the clock, and looks when the heartbeat stops. */
class Watchdog implements Onlooker {
  readonly #data: WatchdogData;
  readonly #port: MessagePort;
  readonly #liveLimit = new LogLimit();
  readonly #endLimit = new LogLimit();
  /** Keyed by the beat that they began after. */
  readonly #blocks = new Map<number, Block>();
  readonly #meter = new CpuMeter();
  readonly #lateness = new Lateness();
  #names: readonly string[];
  #block: Block | undefined;
  #aliveAt = clockMs();
  #beatAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #tickDueAt = 0;

  constructor(data: WatchdogData, port: MessagePort) {
    this.#data = data;
    this.#port = port;
    this.#names = data.names;
    this.#rest();
  }

  obey(order: WatchdogOrder): void {
    if ("names" in order) this.#names = order.names;
    else if ("wake" in order) this.#tick();
    else this.#conclude(order.ended);
  }

  running(): string | undefined {
    return this.#names[this.#data.marks[RUNNING] as number] || undefined;
  }

  inProgress(): string[] {
    return marksInProgress(this.#data.marks, this.#names.length).map((mark) => this.#names[mark] as string);
  }

  /** Sleeps until a look could be due; while the loop is blocked, for a moment. */
  #rest(): void {
    clearTimeout(this.#timer);
    const moment = this.#data.thresholdMs / 4;
    const untilLook = this.#aliveAt + this.#firstLookMs - clockMs();
    const ms = this.#block === undefined ? Math.max(moment, untilLook) : moment;
    this.#tickDueAt = clockMs() + ms;
    this.#timer = setTimeout(() => this.#tick(), ms);
  }

  /** This much silence is unusual, and leaves time to report as soon as the threshold is passed. */
  get #firstLookMs(): number {
    return Math.max(this.#data.thresholdMs * FIRST_LOOK, (this.#data.pulse[BEAT_MS] as number) * 1.5);
  }

  #tick(): void {
    const { pulse, thresholdMs } = this.#data;
    const now = clockMs();
    this.#lateness.note(now - this.#tickDueAt);
    if (pulse[BEAT_AT] !== this.#beatAt) {
      this.#beatAt = pulse[BEAT_AT] as number;
      this.#aliveAt = this.#beatAt;
      this.#block = undefined;
    }
    // This thread did not run either: the process was suspended, and nothing blocked.
    if (this.#block === undefined && now - this.#tickDueAt > thresholdMs / 2) this.#aliveAt = now;
    const silentMs = now - this.#aliveAt;
    if (silentMs >= this.#firstLookMs && pulse[MUTED] === 0) this.#observe(silentMs);
    this.#rest();
  }

  #observe(silentMs: number): void {
    const { look, thresholdMs, announces } = this.#data;
    this.#block ??= this.#begin();
    const block = this.#block;
    block.lookWhenDue(silentMs, thresholdMs, look, this);
    const hasWaited = block.askedAt === undefined || clockMs() - block.askedAt >= thresholdMs / 4;
    if (announces === undefined || block.isAnnounced || !hasWaited || this.#mayBePaused(silentMs)) return;
    if (this.#ownMs(silentMs) >= thresholdMs) this.#announce(block, silentMs);
  }

  /** Whether the main thread has slept for most of a silence, in which a debugger may have paused it. */
  #mayBePaused(silentMs: number): boolean {
    const { pulse } = this.#data;
    if (pulse[PAUSABLE] === 0) return false;
    const ranMs = (this.#meter.read()?.ranMs ?? 0) - (pulse[RAN_MS] as number);
    return ranMs < silentMs / 2;
  }

  /** How much of a silence this process itself caused: others had the CPU for the rest, or have it now. */
  #ownMs(silentMs: number): number {
    const use = this.#meter.read();
    if (use === undefined) return silentMs;
    const { pulse } = this.#data;
    const ownMs = silentMs - (use.delayedMs - (pulse[DELAYED_MS] as number));
    return isMainThreadRunnable() ? Math.min(ownMs, use.ranMs - (pulse[RAN_MS] as number)) : ownMs;
  }

  #begin(): Block {
    if (this.#blocks.size >= MAX_BLOCKS) this.#blocks.clear();
    const block = new Block(this.#aliveAt);
    this.#blocks.set(this.#beatAt, block);
    return block;
  }

  /** Not through a stream: a worker's streams pass through the main thread, which is the blocked one. */
  #announce(block: Block, silentMs: number): void {
    block.isAnnounced = true;
    const seen = block.sightings.findLast((sighting) => isSure(sighting, Number.POSITIVE_INFINITY));
    const { who, at } =
      seen === undefined
        ? { who: `${this.running() ?? probably(this.inProgress())}, in a native call`, at: undefined }
        : suspectOf(seen);
    if (!this.#liveLimit.advise(JSON.stringify([who, at])).due) return;
    const text = liveText(silentMs, who, at, waitingConnections());
    writeLine(this.#data.announces === "json" ? lineOfLog(text) : `offloop: ${text}`);
  }

  #conclude(ended: EndedBlock): void {
    const block = this.#blocks.get(ended.gap.after);
    this.#blocks.delete(ended.gap.after);
    // It may not have woken at all while the loop was blocked.
    const latestMs = Math.max(this.#lateness.longestSince(ended.gap.after), clockMs() - this.#tickDueAt);
    if (block === undefined) this.#report(ended, undefined, latestMs);
    else block.whenAnswered(ANSWER_PATIENCE_MS, () => this.#report(ended, block, latestMs));
  }

  #report(
    { gap, waitedRequests, gcMs, mayBePause, timeline }: EndedBlock,
    block: Block | undefined,
    latestMs: number,
  ): void {
    const durationMs = gap.to - gap.from;
    const crowdedOutMs = block?.threads.crowdedOutMs() ?? 0;
    const state = stateOf(gap, { gcMs, latestMs, crowdedOutMs }, this.#data.thresholdMs);
    if (state === "asleep" && mayBePause) {
      this.#port.postMessage({ unreported: true } satisfies WatchdogNews);
      return;
    }
    const seen = state === "starved" ? [] : judge(block?.sightings ?? [], gap.to, timeline);
    const culprits = (gap.delayMs ?? 0) > durationMs / 2 ? doubted(seen) : seen;
    const report: BlockReport = {
      startedAt: Date.now() - (clockMs() - gap.from),
      durationMs,
      state,
      cpuMs: gap.cpuMs,
      delayMs: gap.delayMs,
      gcMs,
      waitedRequests,
      culprits,
    };
    const [first] = culprits;
    const log = this.#endLimit.advise(
      JSON.stringify([state, first?.operation, first?.at?.file, first?.at?.line]),
    );
    this.#port.postMessage({ report, log } satisfies WatchdogNews);
  }
}

/** A line that cannot be written is lost: stderr is closed, or its reader has gone or stalled. */
function writeLine(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {}
}

/** In the form in which pino writes a warning: this thread has no logger. */
function lineOfLog(msg: string): string {
  return JSON.stringify({ level: 40, time: Date.now(), pid: process.pid, msg });
}

const QUIET_MS = 10_000;
const MAX_PLACES = 1_000;

/** Lets one line per place pass every ten seconds, and counts the others. */
class LogLimit {
  readonly #places = new Map<string, { loggedAt: number; skipped: number }>();

  advise(place: string): LogAdvice {
    const now = clockMs();
    const last = this.#places.get(place);
    if (last !== undefined && now - last.loggedAt < QUIET_MS) return { due: false, skipped: ++last.skipped };
    if (this.#places.size >= MAX_PLACES) this.#places.clear();
    this.#places.set(place, { loggedAt: now, skipped: 0 });
    return { due: true, skipped: last?.skipped ?? 0 };
  }
}

/** What was seen running, for the line that is written meanwhile. */
function suspectOf(seen: Sighting): { readonly who: string; readonly at: BlockPlace | undefined } {
  const { operation, at, oneOfMany } = seenAtWork(seen);
  return { who: oneOfMany === true ? manyRuns([operation ?? ""]) : (operation ?? anyOf([])), at };
}

const port = parentPort as MessagePort;
const watchdog = new Watchdog(workerData as WatchdogData, port);
port.on("message", (order: WatchdogOrder) => watchdog.obey(order));
port.postMessage({ watching: true } satisfies WatchdogNews);
