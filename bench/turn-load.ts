import { Connection } from "./connection.ts";

/** What was answered in a turn. */
export interface Turn {
  readonly requests: number;
  /** Until the last answer. */
  readonly seconds: number;
}

/** Many servers close a connection on which nothing has come for five seconds. */
const OLD_MS = 2_000;

/** Keeps a server busy during its turn. The connections stay open in between, so that a turn can be short. */
export class TurnLoad {
  readonly #url: string;
  readonly #path: string;
  #connections: readonly Connection[];
  #usedAt = performance.now();

  private constructor(url: string, connections: readonly Connection[]) {
    const { pathname, search } = new URL(url);
    this.#url = url;
    this.#path = pathname + search;
    this.#connections = connections;
  }

  static async open(url: string, connections: number): Promise<TurnLoad> {
    return new TurnLoad(url, await openAll(url, connections));
  }

  /**
   * Opens the connections anew if the server may be about to close them.
   *
   * @param oldMs - For how long they may have been idle.
   */
  async refresh(oldMs: number = OLD_MS): Promise<void> {
    if (performance.now() - this.#usedAt < oldMs) return;
    const count = this.#connections.length;
    this.close();
    this.#connections = await openAll(this.#url, count);
  }

  /**
   * Makes each connection send its next request when the previous one is answered, for this long. Resolves when all are
   * answered.
   *
   * @throws {Error} When a connection broke, or an answer was not a 200.
   */
  async run(ms: number): Promise<Turn> {
    const start = performance.now();
    let requests = 0;
    let last = start;
    const ask = (connection: Connection): void =>
      connection.send(this.#path, (answeredAt) => {
        requests++;
        last = answeredAt;
        if (answeredAt - start < ms) ask(connection);
      });
    for (const connection of this.#connections) ask(connection);
    await Promise.all(this.#connections.map((connection) => connection.drained()));
    this.#usedAt = performance.now();
    return { requests, seconds: (last - start) / 1000 };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

function openAll(url: string, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(url)));
}
