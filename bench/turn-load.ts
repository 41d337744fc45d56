import { Connection } from "./connection.ts";

/** What was answered in a turn. */
export interface Turn {
  readonly requests: number;
  /** Until the last answer. */
  readonly seconds: number;
}

/** Keeps a server busy during its turn. The connections stay open in between, so that a turn can be short. */
export class TurnLoad {
  readonly #connections: readonly Connection[];
  readonly #path: string;

  private constructor(connections: readonly Connection[], path: string) {
    this.#connections = connections;
    this.#path = path;
  }

  static async open(url: string, connections: number): Promise<TurnLoad> {
    const { pathname, search } = new URL(url);
    const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)));
    return new TurnLoad(opened, pathname + search);
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
    return { requests, seconds: (last - start) / 1000 };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
