import { constants, getPriority, setPriority } from "node:os";
import { Connection } from "./connection.ts";

/** What a paced probe saw, in milliseconds, one entry a request. */
export interface ProbeSamples {
  /** From the moment the request was due to its answer. */
  readonly latencies: readonly number[];
  /** How long after that moment the probe itself sent it: what of the latency is not the server's. */
  readonly delays: readonly number[];
  /** Whether the system let the probe go before other processes. */
  readonly preferred: boolean;
}

/** A timer fires up to this much late; the rest of the way to the moment the probe spins. */
const TIMER_SLACK_MS = 1.25;

/** Asks `GET /` at a fixed rate for a time. */
export function probe(url: string, rate: number, seconds: number): Promise<ProbeSamples> {
  return probeWhile(url, rate, (sent) => sent < rate * seconds);
}

/**
 * Asks `GET /` at a fixed rate over one keep-alive connection. It sends when a request is due whether or not earlier
 * ones are answered, and counts from that moment, so a server that stalls cannot hide the requests it kept waiting
 * (coordinated omission).
 *
 * @param goesOn - Asked before each request, with how many have been sent.
 */
export async function probeWhile(
  url: string,
  rate: number,
  goesOn: (sent: number) => boolean,
): Promise<ProbeSamples> {
  const connection = await Connection.open(url);
  const usualPriority = raisePriority();
  try {
    connection.send("/", () => {}); // the connection's own set-up belongs to no sample
    await connection.drained();
    const latencies: number[] = [];
    const delays: number[] = [];
    const start = performance.now() + 1000 / rate;
    for (let sent = 0; goesOn(sent); sent++) {
      const due = start + (sent * 1000) / rate;
      await until(due);
      delays.push(performance.now() - due);
      connection.send("/", (answeredAt) => latencies.push(answeredAt - due));
    }
    await connection.drained();
    return { latencies, delays, preferred: usualPriority !== undefined };
  } finally {
    connection.close();
    if (usualPriority !== undefined) setPriority(usualPriority);
  }
}

/**
 * What waits for a core beside computing threads should be the server, not the probe. Gives the priority it had, or
 * undefined where raising it takes rights that this user lacks.
 */
function raisePriority(): number | undefined {
  const usual = getPriority();
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
    return usual;
  } catch {
    return undefined;
  }
}

async function until(moment: number): Promise<void> {
  const left = moment - performance.now() - TIMER_SLACK_MS;
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  while (performance.now() < moment) await new Promise((resolve) => setImmediate(resolve));
}
