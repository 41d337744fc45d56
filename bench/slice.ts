import { countInstructions } from "./instructions.ts";
import { readMachineCpu, shareOfOthers } from "./machine-cpu.ts";
import type { ServerProcess } from "./server-process.ts";
import type { TurnLoad } from "./turn-load.ts";

/** As many as Fastify's own benchmarks use; without pipelining, which browsers and proxies do not use. */
export const CONNECTIONS = 100;

/** What a server did in a round. */
export interface Slice {
  readonly requestsPerSecond: number;
  /** User and system time of all the server's threads, in microseconds per request. */
  readonly cpuMicros: number;
  /** Instructions that the server executed per request; undefined where `perf` does not count. */
  readonly instructions: number | undefined;
  /**
   * The fraction of the machine used by neither the server nor the load, 0-1; undefined where the system does not
   * report it.
   */
  readonly shareOfOthers: number | undefined;
}

/** Measures a server's part of a round, turn by turn. The turns in between belong to others. */
export class SliceMeter {
  readonly #server: ServerProcess;
  readonly #load: TurnLoad;
  readonly #counted: ReturnType<typeof countInstructions> | undefined;
  readonly #shares: number[] = [];
  #requests = 0;
  #seconds = 0;
  #cpuMicros = 0;

  constructor(server: ServerProcess, load: TurnLoad, countsInstructions: boolean) {
    this.#server = server;
    this.#load = load;
    this.#counted = countsInstructions ? countInstructions(server.pid) : undefined;
  }

  /** Keeps the server busy for a moment, and adds up what that cost it. */
  async takeTurn(ms: number): Promise<void> {
    await this.#load.refresh();
    const machineBefore = readMachineCpu();
    const cpuBefore = await this.#server.cpuMicros();
    const { requests, seconds } = await this.#load.run(ms);
    const used = (await this.#server.cpuMicros()) - cpuBefore;
    const machineAfter = readMachineCpu();
    this.#requests += requests;
    this.#seconds += seconds;
    this.#cpuMicros += used;
    if (machineBefore && machineAfter) this.#shares.push(shareOfOthers(machineBefore, machineAfter, used));
  }

  async end(): Promise<Slice> {
    const instructions = await this.#counted?.end();
    const shares = this.#shares;
    return {
      requestsPerSecond: this.#requests / this.#seconds,
      cpuMicros: this.#cpuMicros / this.#requests,
      instructions: instructions === undefined ? undefined : instructions / this.#requests,
      shareOfOthers:
        shares.length === 0 ? undefined : shares.reduce((sum, one) => sum + one, 0) / shares.length,
    };
  }
}
