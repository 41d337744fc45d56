import { eventLoopUtilization, PerformanceObserver } from "node:perf_hooks";
import { CpuMeter } from "./cpu-use.ts";
import { onNextRun } from "./marks.ts";
import {
  BEAT_AT,
  BEAT_MS,
  clockMs,
  createPulseWords,
  DELAYED_MS,
  MUTED,
  type PulseWords,
  RAN_MS,
} from "./shared-words.ts";

/** A period between two beats in which the loop did not turn. */
export interface Gap {
  /** The beat before it, by which the watchdog identifies it. */
  readonly after: number;
  readonly from: number;
  readonly to: number;
  /** CPU time of the main thread. */
  readonly cpuMs: number;
  /** How long it was ready to run while others had the CPU; undefined where the system does not report it. */
  readonly delayMs: number | undefined;
}

/** What the pulse asks for and reports. */
export interface PulseListener {
  /** Whether operations are in progress. */
  isBusy(): boolean;
  /** Whether a debugger may stop the loop, which could not be told from a block. */
  isMuted(): boolean;
  onBeat(gap: Gap | undefined): void;
  /** The beat is fast again: the watchdog should look more often, too. */
  onWake(): void;
}

const LONGEST_BEAT_MS = 50;
const IDLE_BEAT_MS = 250;
const IDLE_AFTER_MS = 1_000;

/** Beats at intervals: rarely while nothing is in progress, until the next run begins. */
export class Pulse {
  readonly words: PulseWords = createPulseWords();
  readonly #listener: PulseListener;
  readonly #thresholdMs: number;
  readonly #fastMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopWaiting: (() => void) | undefined;
  /** False until the first run: a block during the start of a process keeps nobody waiting. */
  #hasServed = false;
  #at = clockMs();
  #cpu = process.threadCpuUsage();
  #idleMs = eventLoopUtilization().idle;
  readonly #meter = new CpuMeter();
  #use = this.#meter.read();
  #busyAt = 0;

  constructor(thresholdMs: number, listener: PulseListener) {
    this.#thresholdMs = thresholdMs;
    this.#listener = listener;
    this.#fastMs = Math.min(LONGEST_BEAT_MS, thresholdMs / 2);
    this.words[BEAT_AT] = this.#at;
    this.words[MUTED] = 1;
    this.#rest();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stopWaiting?.();
    this.#meter.close();
  }

  /** Beats when it is due, or at once when someone asks about a block that has just ended. */
  beat(): void {
    const gap = this.#turn();
    const { after, from, to } = gap;
    const interval = this.words[BEAT_MS] as number;
    const isMuted = !this.#hasServed || this.#listener.isMuted();
    this.words[MUTED] = isMuted ? 1 : 0;
    // Being late distinguishes a block from many short turns between two infrequent beats.
    const isLate = to - after - interval >= this.#thresholdMs - this.#fastMs;
    const isGap = isLate && to - from >= this.#thresholdMs && !isMuted;
    this.#listener.onBeat(isGap ? gap : undefined);
    if (this.#listener.isBusy()) this.#busyAt = to;
    else if (interval === this.#fastMs && to - this.#busyAt >= IDLE_AFTER_MS) this.#rest();
  }

  #turn(): Gap {
    const after = this.#at;
    const to = clockMs();
    const { idle } = eventLoopUtilization();
    const from = after + (idle - this.#idleMs);
    const cpu = process.threadCpuUsage();
    const cpuMs = (cpu.user - this.#cpu.user + cpu.system - this.#cpu.system) / 1000;
    const use = this.#meter.read();
    const delayMs = use && this.#use && use.delayedMs - this.#use.delayedMs;
    this.#at = to;
    this.#cpu = cpu;
    this.#idleMs = idle;
    this.#use = use;
    this.words[RAN_MS] = use?.ranMs ?? 0;
    this.words[DELAYED_MS] = use?.delayedMs ?? 0;
    this.words[BEAT_AT] = to;
    return { after, from, to, cpuMs, delayMs };
  }

  #every(ms: number): void {
    clearInterval(this.#timer);
    this.words[BEAT_MS] = ms;
    this.#timer = setInterval(() => this.beat(), ms).unref();
  }

  #rest(): void {
    this.#every(IDLE_BEAT_MS);
    this.#stopWaiting = onNextRun(() => this.#wake());
  }

  #wake(): void {
    this.beat();
    this.#hasServed = true;
    this.words[MUTED] = this.#listener.isMuted() ? 1 : 0;
    this.#busyAt = this.#at;
    this.#every(this.#fastMs);
    this.#listener.onWake();
  }
}

/** Shorter collections are part of ordinary work. */
const SHORTEST_MS = 5;
const KEPT = 64;

/** Recent long garbage collections. */
export class GcTime {
  readonly #collections: { readonly from: number; readonly to: number }[] = [];
  readonly #observer = new PerformanceObserver((list) => {
    const toClock = clockMs() - performance.now();
    for (const { startTime, duration } of list.getEntries()) {
      const from = startTime + toClock;
      if (duration >= SHORTEST_MS) this.#collections.push({ from, to: from + duration });
    }
    this.#collections.splice(0, this.#collections.length - KEPT);
  });

  constructor() {
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** How many milliseconds of a period were collections. */
  within(stretch: { readonly from: number; readonly to: number }): number {
    return this.#collections.reduce(
      (sum, { from, to }) => sum + Math.max(0, Math.min(stretch.to, to) - Math.max(stretch.from, from)),
      0,
    );
  }

  stop(): void {
    this.#observer.disconnect();
  }
}
