import { constants, getPriority, setPriority } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { Connection } from "./connection.ts";

/** What a paced probe measured, in milliseconds, one entry per request. */
export interface ProbeSamples {
  /** From the moment the request was due to its answer. */
  readonly latencies: readonly number[];
  /** How long after that moment the probe itself sent it: the part of the latency that is not the server's. */
  readonly delays: readonly number[];
  /** Whether the system gave the probe precedence over other processes. */
  readonly preferred: boolean;
}

/** Asks `GET /` at a steady rate for a time. */
export function probe(url: string, rate: number, seconds: number): Promise<ProbeSamples> {
  return probeWhile(url, rate, (sent) => sent < rate * seconds);
}

/**
 * Asks `GET /` at a steady rate. It sends when a request is due whether or not earlier ones are answered, each on an
 * idle connection, and counts from that moment. So a server that stalls cannot hide the requests it kept waiting
 * (coordinated omission), and one that reads a connection's requests one after another need not catch up with a queue
 * that only the probe has made.
 *
 * Each request is due one period after the last was sent, and the probe sleeps until then. Spinning would be more
 * punctual, but takes a core from what is measured, the more so as the probe goes before other processes.
 *
 * @param rate - Requests a second, such that a period is a whole number of milliseconds: timers know no others.
 * @param goesOn - Called before each request, with how many have been sent.
 */
export async function probeWhile(
  url: string,
  rate: number,
  goesOn: (sent: number) => boolean,
): Promise<ProbeSamples> {
  using connections = new FreeConnections(url);
  await connections.ask(() => {}); // the first connection's own set-up belongs to no sample
  const usualPriority = raisePriority();
  try {
    const latencies: number[] = [];
    const delays: number[] = [];
    const asked: Promise<void>[] = [];
    const period = 1000 / rate;
    for (let sent = 0; goesOn(sent); sent++) {
      const due = performance.now() + period;
      await wait(period);
      delays.push(performance.now() - due);
      const answered = connections.ask((answeredAt) => latencies.push(answeredAt - due));
      answered.catch(() => {}); // thrown below, once all have been sent
      asked.push(answered);
    }
    await Promise.all(asked);
    return { latencies, delays, preferred: usualPriority !== undefined };
  } finally {
    if (usualPriority !== undefined) setPriority(usualPriority);
  }
}

/** Connections to a server: as many as requests are waiting at once. */
class FreeConnections implements Disposable {
  readonly #url: string;
  readonly #free: Connection[] = [];
  readonly #all: Connection[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /** Resolves when it is answered, and rejects when its connection breaks. */
  async ask(onAnswer: (answeredAt: number) => void): Promise<void> {
    const connection = this.#free.pop() ?? (await this.#open());
    connection.send("/", (answeredAt) => {
      onAnswer(answeredAt);
      this.#free.push(connection);
    });
    await connection.drained();
  }

  async #open(): Promise<Connection> {
    const connection = await Connection.open(this.#url);
    this.#all.push(connection);
    return connection;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#all) connection.close();
  }
}

/**
 * Whatever waits for a core next to computing threads should be the server, not the probe. Returns the probe's former
 * priority, or undefined where this user may not raise it.
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
