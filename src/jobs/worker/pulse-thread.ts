import { parentPort, workerData } from "node:worker_threads";
import { Engine } from "../postgres/engine.ts";
import {
  type EngineOptions,
  HEARTBEAT_SECONDS,
  SILENCE_SECONDS,
  UPKEEP_MS,
} from "../postgres/engine-setup.ts";
import type { Claim, DeadJob, LostAttempt } from "../store.ts";

/** Data that the thread is started with. */
export type PulseThreadData = Pick<EngineOptions, "place" | "schema" | "tasks">;

/** A message to the thread. */
export type PulseRequest = { readonly add: Claim } | { readonly remove: string } | { readonly close: true };

/** A message from the thread. */
export type PulseMessage =
  | { readonly lost: readonly LostAttempt[] }
  | { readonly dead: readonly DeadJob[] }
  | { readonly answersAfterMs: number }
  | { readonly failed: string };

/** Where notices do not arrive, it is also how long an attempt may not know that its job was cancelled. */
const BEAT_MS = 2_000;
/** How often to ask whether something is to be tidied up; of all processes, the first one does it. */
const BEATS_PER_TIDYING = 2;
/** When nothing was heard for so long, another process will soon be given the jobs. */
const SILENT_MS = HEARTBEAT_SECONDS * 1_000 - BEAT_MS;
/** How long a process that was itself stopped meanwhile has to be heard after all. */
const LAST_BEAT_MS = SILENCE_SECONDS * 1_000 - SILENT_MS;
/**
 * How long after a failure, or a jump of the database's clock, no jobs are taken from others: the database may have been
 * away from these, too, and each needs the time for a beat to say that it still runs them.
 */
const FORBEARANCE_MS = HEARTBEAT_SECONDS * 1_000;

/** Reports every two seconds which attempts are still running. */
class Beats {
  readonly #options: EngineOptions;
  readonly #say: (message: PulseMessage) => void;
  readonly #claims = new Map<string, Claim>();
  #engine: Engine | undefined;
  #upkeep: Engine | undefined;
  #busy = false;
  #tidying = false;
  #isClosing = false;
  #count = 0;
  #silence: NodeJS.Timeout | undefined;
  #lastBeatAt = performance.now();
  /**
   * When the database last failed to answer, and since when it has not answered at all. A process that begins does not
   * know for how long it answers: it may have been started together with the database.
   */
  #failedAt = performance.now();
  #failsSince: number | undefined;
  /** How far the clock of the database was ahead of ours, which nobody sets, at most. */
  #ahead = Number.POSITIVE_INFINITY;

  constructor(data: PulseThreadData, say: (message: PulseMessage) => void) {
    const onError = (error: Error): void => this.#fail(error);
    this.#options = { ...data, maxConnections: 2, asIs: true, onError };
    this.#say = say;
  }

  add(claim: Claim): void {
    // The job was just taken, and taking it was its first beat. After a silence, nothing else would break it off.
    if (this.#claims.size === 0 || this.#silence === undefined) this.#hear(performance.now());
    this.#claims.set(claim.uuid, claim);
  }

  remove(uuid: string): void {
    this.#claims.delete(uuid);
  }

  async beat(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const now = performance.now();
    // This machine has slept: so may have the others, or none has heard of us.
    if (now - this.#lastBeatAt > SILENT_MS) this.#failedAt = now;
    this.#lastBeatAt = now;
    try {
      await this.#beatOnce();
      this.#answers();
    } catch (error) {
      this.#fail(error);
    }
    this.#busy = false;
  }

  #fail(error: unknown): void {
    this.#failedAt = performance.now();
    this.#failsSince ??= this.#failedAt;
    this.#report(error);
  }

  /** What closing breaks off is nobody's error. */
  #report(error: unknown): void {
    if (!this.#isClosing) this.#say({ failed: (error as Error).message });
  }

  #answers(): void {
    if (this.#failsSince === undefined) return;
    this.#say({ answersAfterMs: performance.now() - this.#failsSince });
    this.#failsSince = undefined;
  }

  /** @param sentAt - When the last beat that arrived was sent: the database counts from then on. */
  #hear(sentAt: number): void {
    clearTimeout(this.#silence);
    // Not after a beat: one that hangs would put it off until another process runs the jobs.
    this.#silence = setTimeout(() => this.#beatLast(), sentAt + SILENT_MS - performance.now());
  }

  #beatLast(): void {
    this.#silence = setTimeout(() => {
      this.#silence = undefined;
      // They are reported again as soon as that is possible: nobody else may have been given them, and functions that
      // do not stop should not meet their next attempt.
      const lost = [...this.#claims.values()].map((claim): LostAttempt => ({ claim, why: "silent" }));
      if (lost.length > 0) this.#say({ lost });
    }, LAST_BEAT_MS);
    void this.beat();
  }

  /** The beat comes first: this process must not be the one to find its own jobs without a beat. */
  async #beatOnce(): Promise<void> {
    this.#engine ??= await Engine.open(this.#options);
    const sentAt = performance.now();
    const lost = await this.#engine.beat([...this.#claims.values()]);
    this.#hear(sentAt);
    this.#lose(lost.filter(({ claim }) => this.#claims.get(claim.uuid) === claim));
    void this.#tidy();
  }

  /** On a connection of its own, since the next beats do not wait for it: with many jobs stored, or behind a lock, it takes long. */
  async #tidy(): Promise<void> {
    if (this.#tidying) return;
    this.#tidying = true;
    this.#count++;
    try {
      if (this.#count % BEATS_PER_TIDYING === 0) {
        this.#upkeep ??= await Engine.open({ ...this.#options, statementMs: UPKEEP_MS });
        await this.#compareClocks(this.#upkeep);
        if (performance.now() - this.#failedAt >= FORBEARANCE_MS) await this.#takeFromOthers(this.#upkeep);
      }
    } catch (error) {
      this.#failedAt = performance.now();
      this.#report(error);
    }
    this.#tidying = false;
  }

  /** Where the clock of the database was set forward, or ran while this machine slept, every beat seems to be long ago. */
  async #compareClocks(engine: Engine): Promise<void> {
    const askedAt = performance.now();
    const time = await engine.time();
    const answeredAt = performance.now();
    if (time - answeredAt > this.#ahead + BEAT_MS) this.#failedAt = answeredAt;
    this.#ahead = time - askedAt;
  }

  async #takeFromOthers(engine: Engine): Promise<void> {
    await engine.supervise();
    const dead = await engine.endLost();
    if (dead.length > 0) this.#say({ dead });
    await engine.sweep();
  }

  #lose(attempts: readonly LostAttempt[]): void {
    if (attempts.length === 0) return;
    for (const { claim } of attempts) this.#claims.delete(claim.uuid);
    this.#say({ lost: attempts });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([this.#engine?.close(), this.#upkeep?.close()]);
  }
}

function beat(port: NonNullable<typeof parentPort>): void {
  const beats = new Beats(workerData as PulseThreadData, (message) => port.postMessage(message));
  const timer = setInterval(() => void beats.beat(), BEAT_MS);
  void beats.beat();
  port.on("message", async (request: PulseRequest) => {
    if ("add" in request) return beats.add(request.add);
    if ("remove" in request) return beats.remove(request.remove);
    clearInterval(timer);
    await beats.close();
    process.exit(0);
  });
}

if (parentPort !== null) beat(parentPort);
