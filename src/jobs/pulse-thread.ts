import { parentPort, workerData } from "node:worker_threads";
import { Engine } from "./engine.ts";
import { type EngineOptions, HEARTBEAT_SECONDS } from "./engine-setup.ts";
import type { Claim, LostAttempt } from "./store.ts";

/** Data that the thread is started with. */
export type PulseThreadData = Pick<EngineOptions, "place" | "schema" | "tasks">;

/** A message to the thread. */
export type PulseRequest = { readonly add: Claim } | { readonly remove: string } | { readonly close: true };

/** A message from the thread. */
export type PulseMessage = { readonly lost: readonly LostAttempt[] } | { readonly failed: string };

/** Where notices do not arrive, it is also how long an attempt may not know that its job was cancelled. */
const BEAT_MS = 2_000;
/** How often to look for jobs whose process has gone; of all processes, the first one does it. */
const BEATS_PER_SUPERVISE = 2;
/** By then another process may have been given the jobs. */
const SILENT_MS = HEARTBEAT_SECONDS * 1_000 - BEAT_MS;

/** Reports every two seconds which attempts are still running. */
class Beats {
  readonly #options: EngineOptions;
  readonly #say: (message: PulseMessage) => void;
  readonly #claims = new Map<string, Claim>();
  #engine: Engine | undefined;
  #busy = false;
  #tidying = false;
  #count = 0;
  #heardAt: number = performance.now();

  constructor(data: PulseThreadData, say: (message: PulseMessage) => void) {
    const onError = (error: Error): void => say({ failed: error.message });
    this.#options = { ...data, maxConnections: 2, isBeside: true, onError };
    this.#say = say;
  }

  add(claim: Claim): void {
    // The job was just taken, and taking it was its first beat.
    if (this.#claims.size === 0) this.#heardAt = performance.now();
    this.#claims.set(claim.uuid, claim);
  }

  remove(uuid: string): void {
    this.#claims.delete(uuid);
  }

  async beat(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#beatOnce();
    } catch (error) {
      this.#say({ failed: (error as Error).message });
    }
    // Nobody hears of these attempts any more, so another process may be running their jobs by now.
    if (performance.now() - this.#heardAt > SILENT_MS)
      this.#lose([...this.#claims.values()].map((claim) => ({ claim, why: "lost" })));
    this.#busy = false;
  }

  /** The beat comes first: this process must not be the one to find its own jobs without a beat. */
  async #beatOnce(): Promise<void> {
    this.#engine ??= await Engine.open(this.#options);
    const lost = this.#claims.size === 0 ? [] : await this.#engine.beat([...this.#claims.values()]);
    this.#heardAt = performance.now();
    this.#lose(lost.filter(({ claim }) => this.#claims.get(claim.uuid) === claim));
    void this.#tidy(this.#engine);
  }

  /** The next beats do not wait for it: with many jobs stored, or behind a lock, it takes long. */
  async #tidy(engine: Engine): Promise<void> {
    if (this.#tidying) return;
    this.#tidying = true;
    this.#count++;
    try {
      if (this.#count % BEATS_PER_SUPERVISE === 0) {
        await engine.supervise();
        await engine.sweep();
      }
    } catch (error) {
      this.#say({ failed: (error as Error).message });
    }
    this.#tidying = false;
  }

  #lose(attempts: readonly LostAttempt[]): void {
    if (attempts.length === 0) return;
    for (const { claim } of attempts) this.#claims.delete(claim.uuid);
    this.#say({ lost: attempts });
  }

  async close(): Promise<void> {
    await this.#engine?.close();
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
