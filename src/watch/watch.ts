import { eventLoopUtilization } from "node:perf_hooks";
import { isMainThread, type Worker } from "node:worker_threads";
import { type BlockReport, blockedChannel } from "../channels/channels.ts";
import { ownEntry } from "../errors/own-code.ts";
import { startThread } from "../errors/start-thread.ts";
import { clearTimeout, setTimeout } from "../errors/timers.ts";
import { Arrivals } from "./arrivals.ts";
import { isCpuMetered } from "./cpu-use.ts";
import { isAnyInProgress, markContinuations, markNames, marks, onNewMark } from "./marks.ts";
import type { LogAdvice, WatchdogData, WatchdogNews, WatchdogOrder } from "./messages.ts";
import { RollingProfile } from "./profile.ts";
import { type Gap, GcTime, Pulse, type PulseListener } from "./pulse.ts";
import { look } from "./sampler.ts";
import { PAUSABLE } from "./shared-words.ts";

/** How to watch the loop. */
interface WatchOptions {
  readonly thresholdMs: number;
  /** `development` also finds lines inside native calls, and costs a few percent of a request that does nothing. */
  readonly level: "production" | "development";
  /** How to announce a block on stderr while it lasts; undefined: not at all. */
  readonly announces: WatchdogData["announces"];
  /** Called for every block; `log` says whether to log it. */
  readonly onBlock: (report: BlockReport, log: LogAdvice) => void;
  /** Called when the watchdog has failed, or could not be started; nothing is watched from then on. */
  readonly onFailure: (error: Error) => void;
}

/** A watched loop. */
export interface Watch {
  /** Resolves once the thread watches. What blocks the loop before that is reported, but may lack its line. */
  readonly ready: Promise<void>;
  /** Resolves when every block that is over by now has been reported. */
  settled(): Promise<void>;
  /** Ends the watch once it has settled. */
  close(): Promise<void>;
}

/**
 * Whether the loop can be watched: not in a worker thread, in a Node without inspector, or under `--permission` without
 * `--allow-inspector` (where the attempt would abort the process).
 */
export function canWatch(): boolean {
  if (!isMainThread || !process.features.inspector) return false;
  return process.permission === undefined || process.permission.has("inspector");
}

/**
 * Watches the event loop of the main thread from a thread of its own. Returns undefined where that is impossible, or
 * where the system refuses the thread.
 */
export function openWatch(options: WatchOptions): Watch | undefined {
  if (!canWatch()) return undefined;
  try {
    return new LoopWatch(options);
  } catch (error) {
    options.onFailure(error as Error);
    return undefined;
  }
}

let opened = 0;
/** A report is due some 100 ms after its block; a watchdog that has failed sends none. */
const SETTLE_MS = 1_000;

class LoopWatch implements Watch, PulseListener {
  readonly ready: Promise<void>;
  readonly #options: WatchOptions;
  readonly #key = Symbol.for(`offloop.watch.${opened++}`);
  readonly #arrivals = new Arrivals();
  readonly #gc = new GcTime();
  readonly #inspector = process.getBuiltinModule("node:inspector");
  readonly #profile: RollingProfile | undefined;
  readonly #seesSleep = isCpuMetered();
  readonly #ends: (() => void)[] = [];
  readonly #pulse: Pulse;
  readonly #worker: Worker;
  /** How long the loop had waited for events in all, at its last beat. */
  #idleMs = 0;
  #isStopped = false;
  /** Blocks that are over but not reported yet. */
  #unreported = 0;
  readonly #whenSettled = new Set<() => void>();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#pulse = new Pulse(options.thresholdMs, this);
    this.#ends.push(() => this.#pulse.stop());
    this.#worker = this.#start();
    this.ready = this.#listen();
    Object.defineProperty(globalThis, this.#key, { value: this.#look, configurable: true });
    this.#ends.push(onNewMark((names) => this.#tell({ names })));
    // A coverage is counted by the same profiler: V8 would end it with this profile, and Node print every one.
    if (options.level === "production" || process.env.NODE_V8_COVERAGE !== undefined) return;
    this.#profile = new RollingProfile();
    this.#ends.push(markContinuations(), () => this.#profile?.stop());
  }

  isBusy(): boolean {
    return isAnyInProgress();
  }

  /** Where the system does not say during a block whether the main thread sleeps, it may be at a breakpoint. */
  isMuted(): boolean {
    return !this.#seesSleep && this.#mayPause();
  }

  onBeat(gap: Gap | undefined): void {
    this.#idleMs = eventLoopUtilization().idle;
    if (gap === undefined) this.#arrivals.close();
    else this.#onGap(gap);
    this.#pulse.words[PAUSABLE] = this.#mayPause() ? 1 : 0;
    this.#profile?.rollWhenDue();
  }

  onWake(): void {
    this.#tell({ wake: true });
  }

  async settled(): Promise<void> {
    if (this.#isStopped) return;
    this.#pulse.beat();
    if (this.#unreported === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenSettled.add(resolve);
    const timer = setTimeout(resolve, SETTLE_MS);
    await promise;
    clearTimeout(timer);
    this.#whenSettled.delete(resolve);
  }

  async close(): Promise<void> {
    await this.settled();
    this.#stop();
    await this.#worker.terminate();
  }

  readonly #look = (): string => {
    this.#arrivals.open();
    return JSON.stringify(look(this.#look, eventLoopUtilization().idle - this.#idleMs));
  };

  /** Whether the inspector's port is open: for a debugger, or since a tool has opened it, as Sentry does. */
  #mayPause(): boolean {
    return this.#inspector.url() !== undefined;
  }

  #onGap(gap: Gap): void {
    this.#unreported++;
    const mayBePause = this.#mayPause() || this.#pulse.words[PAUSABLE] === 1;
    const seen = this.#profile?.between(gap.from, gap.to);
    this.#arrivals.count(async (waitedRequests) => {
      const gcMs = this.#gc.within(gap);
      this.#tell({ ended: { gap, waitedRequests, gcMs, mayBePause, timeline: await seen } });
    });
  }

  /** @throws {OffloopError} `OFFLOOP_THREAD_START` when the system refuses its thread. */
  #start(): Worker {
    const { thresholdMs, announces } = this.#options;
    try {
      return createWatchdog({
        marks,
        pulse: this.#pulse.words,
        names: markNames(),
        thresholdMs,
        announces,
        look: `globalThis[Symbol.for(${JSON.stringify(this.#key.description)})]()`,
      });
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  #tell(order: WatchdogOrder): void {
    this.#worker.postMessage(order);
  }

  #listen(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#worker.on("message", (news: WatchdogNews) => {
      if ("watching" in news) return resolve();
      if ("report" in news) {
        blockedChannel.publish(news.report);
        this.#options.onBlock(news.report, news.log);
      }
      if (--this.#unreported === 0) for (const settle of this.#whenSettled) settle();
    });
    this.#worker.on("error", (error) => {
      this.#stop();
      this.#options.onFailure(error);
      resolve();
    });
    return promise.then(() => this.#worker.unref());
  }

  #stop(): void {
    this.#isStopped = true;
    for (const settle of this.#whenSettled) settle();
    for (const end of this.#ends.splice(0)) end();
    this.#arrivals.close();
    this.#gc.stop();
    Reflect.deleteProperty(globalThis, this.#key);
  }
}

function createWatchdog(data: WatchdogData): Worker {
  const entry = ownEntry("watch/watchdog");
  return startThread("the thread of the watchdog", entry, {
    workerData: data,
    name: "offloop watchdog",
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
}
