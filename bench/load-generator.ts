import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** Keeps a server busy: each connection sends its next request when the previous one has been answered. */
export interface LoadGenerator {
  readonly name: "wrk" | "autocannon";
  /** Starts it in a process of its own. */
  start(url: string, order: LoadOrder): Load;
}

export interface LoadOrder {
  readonly connections: number;
  /** Whole seconds, since wrk accepts nothing else. */
  readonly seconds: number;
  /** Whether each request uses a connection of its own. */
  readonly closes?: boolean;
}

/** A load in progress. */
export interface Load {
  /**
   * What was answered, once it has ended.
   *
   * @throws {Error} When any request failed, or none was answered: such a figure is meaningless.
   */
  readonly answered: Promise<Answered>;
  /** Ends it early. */
  stop(): void;
}

export interface Answered {
  readonly requests: number;
  readonly perSecond: number;
  /** The 99th percentile of their latencies, in milliseconds. */
  readonly p99Ms: number;
}

/** wrk if it is on the PATH, because it takes the least from the measured server; else autocannon. */
export function findLoadGenerator(): LoadGenerator {
  return spawnSync("wrk", ["-v"]).error === undefined ? wrk : autocannon;
}

const wrk: LoadGenerator = {
  name: "wrk",
  start: (url, { connections, seconds, closes = false }) => {
    const ways = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "60s", "--latency"];
    const command = ["wrk", ...ways, ...(closes ? ["-H", "connection: close"] : []), url];
    return loadOf(url, command, readWrk);
  },
};

export const autocannon: LoadGenerator = {
  name: "autocannon",
  start: (url, { connections, seconds, closes = false }) => {
    const program = fileURLToPath(new URL("./autocannon-process.ts", import.meta.url));
    const command = [process.execPath, program, url, `${connections}`, `${seconds}`, closes ? "close" : ""];
    return loadOf(url, command, readAutocannon);
  },
};

function loadOf(
  url: string,
  [program = "", ...args]: readonly string[],
  read: (output: string) => Answered,
): Load {
  const child = spawn(program, args);
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return {
    answered: output.then(([printed, complaints]) => {
      if (child.exitCode !== 0) throw new Error(`${program} on ${url}: ${complaints || printed}`);
      const answered = read(printed);
      if (answered.requests === 0) throw new Error(`${url} answered no request`);
      return answered;
    }),
    stop: () => child.kill("SIGINT"), // both then print what they have counted so far
  };
}

function readWrk(output: string): Answered {
  const failed = /Non-2xx or 3xx responses: .*|Socket errors: .*/.exec(output);
  const requests = /^\s*(\d+) requests in/m.exec(output)?.[1];
  const perSecond = /Requests\/sec:\s+([\d.]+)/.exec(output)?.[1];
  const [, p99, unit = ""] = /^\s*99%\s+([\d.]+)(us|ms|s|m)\s*$/m.exec(output) ?? [];
  const unitMs = { us: 0.001, ms: 1, s: 1_000, m: 60_000 }[unit];
  if (failed !== null || requests === undefined || perSecond === undefined || unitMs === undefined)
    throw new Error(`wrk: ${failed?.[0] ?? `cannot read its output:\n${output}`}`);
  return { requests: Number(requests), perSecond: Number(perSecond), p99Ms: Number(p99) * unitMs };
}

function readAutocannon(output: string): Answered {
  const { failed, answered, seconds, p99 } = JSON.parse(output) as Record<string, number>;
  if (failed !== 0) throw new Error(`autocannon: ${failed} requests failed`);
  return { requests: Number(answered), perSecond: Number(answered) / Number(seconds), p99Ms: Number(p99) };
}
