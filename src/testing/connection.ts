import { AsyncLocalStorage } from "node:async_hooks";
import { Duplex } from "node:stream";
import { setImmediate } from "../errors/timers.ts";

/** The address of both sides: the machine itself. */
const ADDRESS = "127.0.0.1";

type Done = (error?: Error | null) => void;

/** One side of a connection that stays in the process, with what `node:http` and the server use of a `net.Socket`. */
class Side extends Duplex {
  readonly remoteAddress = ADDRESS;
  readonly remoteFamily = "IPv4";
  readonly remotePort = 0;
  readonly localAddress = ADDRESS;
  bytesRead = 0;
  bytesWritten = 0;
  /** Runs in the async context in which this side was made: what one side does is not in that of the other. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  /** The other side; each is given one before it is used. */
  peer!: Side;
  /** What has arrived, and is read in the next turn of the loop; null for the end. */
  readonly #arrived: (Buffer | null)[] = [];
  #arrivedBytes = 0;
  #isFull = false;
  #hasEnded = false;
  /** What to call once this side takes more. */
  #onRoom: Done | undefined;

  override _read(): void {
    this.#isFull = false;
    this.#makeRoom();
  }

  override _write(chunk: Buffer, _encoding: string, written: Done): void {
    this.bytesWritten += chunk.length;
    this.peer.#take(chunk, written);
  }

  override _final(done: Done): void {
    this.peer.hearEnd();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    process.nextTick(() => {
      this.#makeRoom(); // what the other side still sends is taken, and read by nobody
      this.leave();
    });
    done(error);
  }

  /** Nothing more comes from the other side. */
  hearEnd(): void {
    if (!this.#hasEnded) this.#arrive(null);
    this.#hasEnded = true;
  }

  /** The other side has broken the connection. */
  hearBreak(): void {
    this.#inOwnContext(() => this.destroy());
  }

  /** Closes it once everything is sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  // A connection in the process is never late, and keeps no process alive: there is nothing that these would change.
  setTimeout = (): this => this;
  setNoDelay = (): this => this;
  setKeepAlive = (): this => this;
  ref = (): this => this;
  unref = (): this => this;

  /** Tells the other side that this one has gone. */
  protected leave(): void {
    this.peer.hearEnd();
  }

  /** As with a socket, whoever writes is done before the other side reads. */
  #take(chunk: Buffer, written: Done): void {
    if (this.destroyed) {
      written(gone());
      return;
    }
    this.bytesRead += chunk.length;
    this.#arrivedBytes += chunk.length;
    this.#arrive(chunk);
    this.#onRoom = written;
    process.nextTick(() => this.#makeRoom());
  }

  #arrive(chunk: Buffer | null): void {
    if (this.#arrived.push(chunk) === 1) setImmediate(() => this.#inOwnContext(() => this.#pass()));
  }

  #pass(): void {
    this.#arrivedBytes = 0;
    for (const chunk of this.#arrived.splice(0)) if (!this.destroyed) this.#isFull = !this.push(chunk);
    this.#makeRoom();
  }

  #makeRoom(): void {
    const isFull = this.#isFull || this.#arrivedBytes >= this.readableHighWaterMark;
    if (isFull && !this.destroyed) return;
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }
}

class ClientSide extends Side {
  /** A client that has not ended its side hangs up: its server learns of that at once, also while it sends. */
  protected override leave(): void {
    if (this.writableFinished) super.leave();
    else this.peer.hearBreak();
  }
}

/** Both sides of a connection in the process. */
export interface InProcessConnection {
  readonly client: Duplex;
  readonly server: Duplex;
}

/**
 * Makes a connection in the process.
 *
 * @param inServerContext - Runs something in the async context of the server.
 */
export function connectInProcess(inServerContext: <Made>(make: () => Made) => Made): InProcessConnection {
  const client = new ClientSide();
  const server = inServerContext(() => new Side());
  client.peer = server;
  server.peer = client;
  return { client, server };
}

function gone(): Error {
  return Object.assign(new Error("The other side of the connection has gone"), { code: "EPIPE" });
}
