import type { Logger } from "pino";
import { counted } from "../errors/counted.ts";
import type { OffloopError } from "../errors/offloop-error.ts";
import { OpenFiles, unreceivedError } from "../http/connections/open-files.ts";
import { isRepeated } from "../http/lifecycle/shutdown.ts";
import { Flood, moreText } from "../http/logs/flood.ts";
import { InspectedWorkers } from "../inspector/all-workers.ts";
import { AllWorkers } from "../metrics/all-workers.ts";
import { type Figure, openFilesMetrics } from "../metrics/worker-metrics.ts";
import { watchHandoffs } from "./handoffs.ts";
import { countOomKills } from "./oom-kills.ts";
import { refusedWorkerError } from "./refused-worker.ts";
import { type WorkerEnd, WorkerProcess, type WorkerState } from "./worker-process.ts";

const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 30_000;
/** A worker that lived this long did not fail to start. */
const SETTLED_MS = 10_000;
/** How often the log says that connections did not reach a worker. */
const LOST_MS = 10_000;
/** How often each worker is asked for its state. */
const PING_MS = 500;

/** What helps where the kernel kills for want of memory. */
const MORE_MEMORY = "give the processes more, or run fewer with --workers";

/** Why a worker has been replaced. */
const reasons = ["exit", "hung", "reload"] as const;
type Reason = (typeof reasons)[number];

/** How to supervise workers. */
export interface WorkersOptions {
  readonly count: number;
  /**
   * A worker that does not answer for this long is replaced, and so is one that takes this much longer to start than any
   * before it. In milliseconds.
   */
  readonly hungWorkerMs: number;
  /** What a worker may wait for before it listens, for the log. */
  readonly startSteps: readonly string[];
  /** Why two generations of workers must not run at once; undefined when they may. */
  readonly noRolling: OffloopError | undefined;
  readonly log: Logger;
}

/** The processes that share a port. One that dies or hangs is replaced, with a growing delay if they die young. */
export class Workers {
  /** The metrics of all workers, including those that have gone. */
  readonly metrics: AllWorkers = new AllWorkers(() => this.#figures);
  readonly #inspected = new InspectedWorkers();
  readonly #options: WorkersOptions;
  readonly #all = new Set<WorkerProcess>();
  readonly #restarts: Record<Reason, number> = { exit: 0, hung: 0, reload: 0 };
  /** Workers being killed because they hang. */
  readonly #hung = new WeakSet<WorkerProcess>();
  /** Workers that are reported to be late, and left to start. */
  readonly #late = new WeakSet<WorkerProcess>();
  readonly #openFiles: OpenFiles;
  readonly #lostLines = new Flood(LOST_MS);
  /** Processes that the kernel had killed for want of memory before the next worker died. */
  #oomKills = countOomKills() ?? 0;
  /** Connections that did not reach a worker. */
  #lost = 0;
  #longestStartMs = 0;
  #lookedAt = performance.now();
  /** The worker that a starting one is to replace. */
  #replaced: WorkerProcess | undefined;
  #delayMs = 0;
  #hasListened = false;
  #isClosing = false;
  #rolling: Promise<void> | undefined;
  #isRollWanted = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#openFiles = new OpenFiles(options.log);
  }

  /** Workers that answer requests. */
  get ready(): WorkerProcess[] {
    return [...this.#all].filter(({ state }) => state === "ready");
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Starts all workers, and handles signals from now on. If the first ones cannot start, all end. */
  start(): void {
    for (let n = 0; n < this.#options.count; n++) this.#fork();
    this.#lookedAt = performance.now();
    setInterval(() => this.#lookAfter(), PING_MS).unref();
    let signalledAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (signalledAt !== undefined && isRepeated(signalledAt)) return;
      signalledAt ??= performance.now();
      this.#end(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    // Closing a terminal sends SIGHUP, too, perhaps twice: then nobody is there to ask for a restart.
    const isOnTerminal = process.stdin.isTTY === true;
    process.on("SIGHUP", (signal) => {
      if (!isOnTerminal) this.roll();
      else if (!this.#isClosing) this.#end(signal);
    });
    process.on("SIGUSR2", () =>
      this.#options.log.info("SIGUSR2: nothing to do; SIGHUP restarts the workers"),
    );
  }

  /** Restarts all, one after another: each new one is ready before an old one leaves. */
  roll(): void {
    const { noRolling, log } = this.#options;
    if (noRolling !== undefined)
      return void log.error({ code: noRolling.code }, `${noRolling.code}: ${noRolling.message}`);
    if (this.#isClosing) return;
    if (this.#rolling !== undefined) {
      this.#isRollWanted = true; // the module may have changed since the new workers were started
      return;
    }
    log.info(`SIGHUP: restarting ${counted(this.ready.length, "worker")}`);
    this.#rolling = this.#rollAll().finally(() => {
      this.#rolling = undefined;
      if (!this.#isRollWanted) return;
      this.#isRollWanted = false;
      this.roll();
    });
  }

  async #rollAll(): Promise<void> {
    const { log } = this.#options;
    let count = 0;
    for (const old of this.ready) {
      const { pid } = old;
      if (!this.#all.has(old)) continue; // it has died meanwhile, and has been replaced
      const fresh = this.#fork(old);
      this.#replaced = old;
      const isUp = await fresh.started;
      this.#replaced = undefined;
      if (this.#isClosing) return;
      const isGone = !this.#all.has(old);
      if (!isUp) {
        if (isGone) this.#fork();
        const next = `worker ${pid} ${isGone ? "has died" : "stays"}, no other worker is restarted`;
        this.#logNotStarted(fresh, await fresh.ended, next);
        return;
      }
      if (!isGone) {
        this.#restarts.reload++;
        old.leave();
      }
      log.info({ worker: fresh.pid }, `worker ${fresh.pid} takes over from worker ${pid}`);
      count++;
    }
    log.info(`restarted ${counted(count, "worker")}`);
  }

  /** @param takesOverFrom - The worker to replace, in a rolling restart. */
  #fork(takesOverFrom?: WorkerProcess): WorkerProcess {
    const fresh = new WorkerProcess(this.#options.count);
    this.#all.add(fresh);
    this.metrics.add(fresh.worker);
    this.#inspected.add(fresh.worker);
    watchHandoffs(fresh.worker, {
      countOthers: () => this.ready.filter((one) => one !== fresh).length,
      onAccepted: (descriptor) => this.#openFiles.take(descriptor),
      onLost: () => this.#logLost(fresh),
    });
    void fresh.started.then((isUp) => {
      if (!isUp) return;
      this.#hasListened = true;
      this.#longestStartMs = Math.max(this.#longestStartMs, fresh.livedMs);
    });
    void fresh.ended.then((end) => {
      this.#all.delete(fresh);
      const wasReplacement = takesOverFrom !== undefined && fresh.state === "starting";
      if (!wasReplacement) this.#onEnd(fresh, end);
      // What it could not close, its log says.
      if (this.#isClosing && end.signal === undefined) process.exitCode ||= end.code;
      if (this.#isClosing && this.#all.size === 0) process.exit();
    });
    return fresh;
  }

  #logNotStarted(gone: WorkerProcess, end: WorkerEnd, next: string): void {
    const { pid } = gone;
    const how = `${this.#howEnded(gone, end)}; the reason is above, in lines of worker ${pid}`;
    if (end.refusal !== undefined) this.#logRefused(end.refusal, next);
    else this.#options.log.error({ worker: pid }, `worker ${pid} could not start (${how}): ${next}`);
  }

  #logRefused(refusal: string, next: string): void {
    const { code, message } = refusedWorkerError(refusal, next);
    this.#options.log.error({ code }, `${code}: ${message}`);
  }

  #logLost({ pid }: WorkerProcess): void {
    this.#lost++;
    const unsaid = this.#lostLines.admit("lost");
    if (unsaid === undefined) return;
    const { code, message } = unreceivedError(`worker ${pid}`);
    this.#options.log.error({ code, worker: pid }, `${code}: ${message}${moreText(unsaid)}`);
  }

  #onEnd(gone: WorkerProcess, end: WorkerEnd): void {
    if (this.#isClosing || gone.state === "leaving") return;
    const { refusal } = end;
    if (!this.#hasListened) {
      if (refusal !== undefined) this.#logRefused(refusal, "all workers end");
      return void this.#close(end.code);
    }
    const { log } = this.#options;
    const { pid } = gone;
    if (refusal === undefined) this.#restarts[this.#hung.has(gone) ? "hung" : "exit"]++;
    // A worker that an operator ends with SIGTERM has ended well.
    const isWanted = end.code === 0 && end.signal === undefined;
    const isYoung = gone.livedMs < SETTLED_MS && !isWanted;
    this.#delayMs = isYoung ? Math.min(LAST_DELAY_MS, Math.max(FIRST_DELAY_MS, this.#delayMs * 2)) : 0;
    const died = `worker ${pid} died (${this.#howEnded(gone, end)})`;
    if (gone === this.#replaced) {
      log.error({ worker: pid }, `${died}; another is starting already`);
      return;
    }
    const fields = { worker: pid, delayMs: this.#delayMs };
    const next = `starting another in ${this.#delayMs} ms`;
    if (refusal !== undefined) this.#logRefused(refusal, next);
    else if (isWanted) log.info(fields, `worker ${pid} was ended; ${next}`);
    else log.error(fields, `${died}; ${next}`);
    setTimeout(() => {
      if (!this.#isClosing) this.#fork();
    }, this.#delayMs);
  }

  #howEnded(gone: WorkerProcess, { code, signal }: WorkerEnd): string {
    if (signal !== "SIGKILL" || this.#hung.has(gone)) return signal ?? `code ${code}`;
    const isOom = (countOomKills() ?? 0) > this.#oomKills;
    if (!isOom) return `SIGKILL, not sent by offloop; if nobody sent it, memory ran out: ${MORE_MEMORY}`;
    this.#oomKills++; // one at a time: several may have died at once
    return `SIGKILL by the kernel, since memory ran out: ${MORE_MEMORY}`;
  }

  #lookAfter(): void {
    const { hungWorkerMs } = this.#options;
    this.#forgivePause();
    for (const one of this.#all) {
      if (this.#hung.has(one)) continue;
      if (!one.hasListened) this.#lookAfterStart(one);
      else if (one.silentMs < hungWorkerMs) one.ping();
      else this.#endHung(one, `has not answered for ${Math.round(one.silentMs)} ms`);
    }
  }

  /**
   * Where this process itself did not run, as in a container or a machine that was paused, the workers did not either, or
   * their answers could not be read: all of them would be ended at once.
   */
  #forgivePause(): void {
    const now = performance.now();
    const pausedMs = now - this.#lookedAt - PING_MS;
    this.#lookedAt = now;
    if (pausedMs > PING_MS) for (const one of this.#all) one.forgive(pausedMs);
  }

  /**
   * Until it listens it does not answer, and may take its time: as long as any before it, and `hungWorkerMs` more. While
   * none has listened yet, nobody knows how long that is, and ending it would help nobody.
   */
  #lookAfterStart(one: WorkerProcess): void {
    const { hungWorkerMs, startSteps, log } = this.#options;
    if (one.livedMs < this.#longestStartMs + hungWorkerMs) return;
    const late = `does not listen ${Math.round(one.livedMs)} ms after its start`;
    const hint = `look at what waits: ${startSteps.join(", ")}`;
    if (this.#hasListened) this.#endHung(one, late, `; ${hint}, or raise hungWorkerMs`);
    else if (!this.#late.has(one)) log.error({ worker: one.pid }, `worker ${one.pid} ${late}: ${hint}`);
    this.#late.add(one);
  }

  #endHung(one: WorkerProcess, how: string, hint = ""): void {
    this.#hung.add(one);
    this.#options.log.error({ worker: one.pid }, `worker ${one.pid} ${how}: ending it${hint}`);
    one.kill();
  }

  #end(signal: NodeJS.Signals): void {
    if (this.#isClosing) {
      for (const one of this.#all) one.kill();
      return;
    }
    this.#options.log.info(`${signal}: shutting down ${counted(this.#all.size, "worker")}`);
    this.#close(0);
  }

  #close(code: number): void {
    this.#isClosing = true;
    process.exitCode = code;
    for (const one of this.#all) one.shutDown();
    if (this.#all.size === 0) process.exit();
  }

  get #figures(): Figure[] {
    const states: Record<WorkerState, number> = { starting: 0, ready: 0, leaving: 0 };
    for (const { state } of this.#all) states[state]++;
    const { ratio, exhausted } = this.#openFiles;
    return [
      ...(ratio === undefined
        ? []
        : [{ ...openFilesMetrics.ratio, type: "gauge", values: [{ labels: {}, value: ratio }] }]),
      {
        ...openFilesMetrics.exhausted,
        type: "counter",
        values: [{ labels: {}, value: exhausted + this.#lost }],
      },
      {
        name: "offloop_workers",
        help: "Processes that share the port",
        type: "gauge",
        aggregator: "sum",
        values: Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
      },
      {
        name: "offloop_worker_silence_seconds",
        help: "Seconds since the most silent worker last answered the primary, which asks twice a second",
        type: "gauge",
        aggregator: "max",
        values: [{ labels: {}, value: Math.max(0, ...this.ready.map(({ silentMs }) => silentMs)) / 1000 }],
      },
      {
        name: "offloop_worker_restarts_total",
        help: "Workers that were replaced: they ended, hung, or were restarted by SIGHUP",
        type: "counter",
        aggregator: "sum",
        values: reasons.map((reason) => ({ labels: { reason }, value: this.#restarts[reason] })),
      },
    ];
  }
}
