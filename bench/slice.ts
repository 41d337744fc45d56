import type { LoadGenerator } from "./load-generator.ts";
import { readMachineCpu, shareOfOthers } from "./machine-cpu.ts";
import type { ServerProcess } from "./server-process.ts";

/** As many as Fastify's own benchmarks use; without pipelining, which browsers and proxies do not use. */
export const CONNECTIONS = 100;

/** What a server did with its turn. */
export interface Slice {
  readonly requestsPerSecond: number;
  /** User and system time of all the server's threads, in microseconds a request. */
  readonly cpuMicros: number;
  /** What the server executed for a request; undefined where `perf` does not count. */
  readonly instructions: number | undefined;
  /** Which share of the machine neither the server nor the load took, 0-1; undefined where the system does not say. */
  readonly shareOfOthers: number | undefined;
}

/** How a slice is taken. */
export interface SliceOptions {
  readonly generator: LoadGenerator;
  readonly seconds: number;
  readonly countsInstructions: boolean;
}

/** Keeps a server busy for a moment, and reads before and after what that cost it. */
export async function measureSlice(
  server: ServerProcess,
  url: string,
  { generator, seconds, countsInstructions }: SliceOptions,
): Promise<Slice> {
  const countedPid = countsInstructions ? server.pid : undefined;
  const machineBefore = readMachineCpu();
  const cpuBefore = await server.cpuMicros();
  const load = generator.start(url, { connections: CONNECTIONS, seconds, countedPid });
  const { requests, perSecond, instructions } = await load.answered;
  const used = (await server.cpuMicros()) - cpuBefore;
  const machineAfter = readMachineCpu();
  return {
    requestsPerSecond: perSecond,
    cpuMicros: used / requests,
    instructions: instructions === undefined ? undefined : instructions / requests,
    shareOfOthers: machineBefore && machineAfter && shareOfOthers(machineBefore, machineAfter, used),
  };
}
