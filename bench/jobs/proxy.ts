import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Sits between a process and a database, and stalls as a network does: nothing is closed, and nothing passes. */
export class StallingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: URL;
  readonly #links = new Set<Link>();
  #isCut = false;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param url - The URL of the database. */
  static async open(url: string): Promise<StallingProxy> {
    const proxy = new StallingProxy(new URL(url));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** The URL of the database through this proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
    return url.href;
  }

  #join(client: Socket): void {
    const link = new Link(client, connect(Number(this.#target.port), this.#target.hostname), () =>
      this.#links.delete(link),
    );
    this.#links.add(link);
    if (!this.#isCut) link.carry();
  }

  /** From now on nothing passes: neither data nor the news that a side has gone. */
  cut(): void {
    this.#isCut = true;
    for (const link of this.#links) link.stall();
  }

  /** The network is back: what was sent meanwhile arrives. */
  mend(): void {
    this.#isCut = false;
    for (const link of this.#links) link.carry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.end();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** One connection, from both sides. */
class Link {
  readonly #sides: readonly [Socket, Socket];
  readonly #onEnd: () => void;
  #carries = false;

  constructor(client: Socket, database: Socket, onEnd: () => void) {
    this.#sides = [client, database];
    this.#onEnd = onEnd;
    for (const side of this.#sides)
      side
        .on("error", () => {})
        .on("close", () => {
          if (this.#carries) this.end();
        });
  }

  carry(): void {
    this.#carries = true;
    const [client, database] = this.#sides;
    if (client.destroyed || database.destroyed) this.end();
    else client.pipe(database).pipe(client);
  }

  stall(): void {
    this.#carries = false;
    for (const side of this.#sides) side.unpipe().pause();
  }

  end(): void {
    for (const side of this.#sides) side.destroy();
    this.#onEnd();
  }
}
