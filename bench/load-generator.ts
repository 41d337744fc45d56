import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** Keeps a server busy: each connection sends its next request when the last one is answered. */
export interface LoadGenerator {
  readonly name: "wrk" | "autocannon";
  /** Starts it in a process of its own. */
  start(url: string, connections: number, seconds: number): Load;
}

/** A load under way. */
export interface Load {
  /**
   * Answered requests per second, once it has ended.
   *
   * @throws {Error} When any request failed, or none was answered: such a figure means nothing.
   */
  readonly rate: Promise<number>;
  /** Ends it before its time. */
  stop(): void;
}

/** wrk when it is on the PATH, because it takes least from the server it measures; else autocannon. */
export function findLoadGenerator(): LoadGenerator {
  return spawnSync("wrk", ["-v"]).error === undefined ? wrk : autocannon;
}

const wrk: LoadGenerator = {
  name: "wrk",
  start: (url, connections, seconds) => {
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "60s", url];
    return loadOf(url, spawn("wrk", args), readWrk);
  },
};

export const autocannon: LoadGenerator = {
  name: "autocannon",
  start: (url, connections, seconds) => {
    const program = fileURLToPath(new URL("./autocannon-process.ts", import.meta.url));
    const args = [program, url, `${connections}`, `${seconds}`];
    return loadOf(url, spawn(process.execPath, args), readAutocannon);
  },
};

function loadOf(url: string, child: ChildProcessWithoutNullStreams, read: (output: string) => number): Load {
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return {
    rate: output.then(([printed, complaints]) => {
      if (child.exitCode !== 0) throw new Error(`${child.spawnfile} on ${url}: ${complaints || printed}`);
      const rate = read(printed);
      if (rate > 0) return rate;
      throw new Error(`${url} answered no request`);
    }),
    stop: () => child.kill("SIGINT"), // both then print what they have counted so far
  };
}

function readWrk(output: string): number {
  const failed = /Non-2xx or 3xx responses: .*|Socket errors: .*/.exec(output);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(output)?.[1];
  if (failed !== null || rate === undefined)
    throw new Error(`wrk: ${failed?.[0] ?? `cannot read its output:\n${output}`}`);
  return Number(rate);
}

function readAutocannon(output: string): number {
  const { failed, answered, seconds } = JSON.parse(output) as Record<string, number>;
  if (failed !== 0) throw new Error(`autocannon: ${failed} requests failed`);
  return Number(answered) / Number(seconds);
}
