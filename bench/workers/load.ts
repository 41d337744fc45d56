import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";

const TICK_MS = 20;
/** A request without an answer by then is lost. */
const PATIENCE_MS = 30_000;
/** Each is used several times a second: an idle one may be closed just when it is used again. */
const CONNECTIONS = 64;
const SOCKETS = 8;
const SAY_MS = 50;
/** Sent by a server that shuts down. */
const GOING_AWAY = 1001;

/** One request, and the correct body of its answer. */
interface Ask {
  readonly path: string;
  readonly body?: string;
  readonly right: string;
}

/** What a load has lost. */
export interface Lost {
  readonly requests: number;
  readonly streams: number;
  readonly uploads: number;
  readonly messages: number;
  /** What was not answered, or answered wrongly: what, and how often. */
  readonly lost: Readonly<Record<string, number>>;
}

/** This many requests per second, including streams and uploads, and sockets next to them, until it is stopped. */
export class Load {
  readonly #url: string;
  readonly #perSecond: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, scheduling: "fifo" });
  readonly #startedAt = performance.now();
  readonly #under = new Set<Promise<void>>();
  readonly #lost: Record<string, number> = {};
  readonly #counts = { requests: 0, streams: 0, uploads: 0, messages: 0 };
  readonly #timer: NodeJS.Timeout;
  readonly #sockets: Promise<unknown>;
  #sent = 0;
  #isOn = true;

  constructor(url: string, perSecond: number) {
    this.#url = url;
    this.#perSecond = perSecond;
    this.#timer = setInterval(() => this.#send(), TICK_MS);
    const lanes = Array.from({ length: SOCKETS }, (_, n) => (n % 2 === 0 ? "loop" : "thread"));
    this.#sockets = Promise.all(lanes.map((lane) => this.#talk(`/echo/${lane}`)));
  }

  /** Stops sending, and waits for what is in progress. */
  async stop(): Promise<Lost> {
    this.#isOn = false;
    clearInterval(this.#timer);
    await Promise.all([...this.#under, this.#sockets]);
    this.#agent.destroy();
    return { ...this.#counts, lost: this.#lost };
  }

  #send(): void {
    const due = ((performance.now() - this.#startedAt) / 1000) * this.#perSecond;
    for (; this.#sent < due; this.#sent++) {
      const asked = this.#ask(this.#next(this.#sent));
      this.#under.add(asked);
      void asked.finally(() => this.#under.delete(asked));
    }
  }

  #next(n: number): Ask {
    if (n % 100 === 7) {
      this.#counts.uploads++;
      return upload(n % 200 === 7 ? "loop" : "thread", 20_000 + ((n * 7_919) % 400_000));
    }
    if (n % 50 === 3) {
      this.#counts.streams++;
      return n % 100 === 3 ? events(20) : lines(10);
    }
    this.#counts.requests++;
    return { path: `/${n % 2 === 0 ? "items" : "report"}/${n}`, right: `"${n}"` };
  }

  async #ask({ path, body, right }: Ask): Promise<void> {
    const what = path.replace(/\d+/g, "n");
    try {
      const text = await fetchText(this.#agent, this.#url + path, body);
      if (text !== right) this.#lose(`${what}: ${text.slice(0, 60)}`);
    } catch (error) {
      this.#lose(`${what}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
    }
  }

  /** Sends one message after another, each when the previous one was answered; reconnects when the server goes away. */
  async #talk(path: string): Promise<void> {
    while (this.#isOn) {
      const code = await this.#talkOnce(path);
      if (code !== undefined) this.#lose(`${path}: closed by ${code}`);
    }
  }

  /** @returns The code that it was closed with, if that is not correct. */
  async #talkOnce(path: string): Promise<number | undefined> {
    const socket = new WebSocket(this.#url.replace("http", "ws") + path);
    let isWaiting = false;
    const say = async (): Promise<void> => {
      await wait(SAY_MS);
      if (!this.#isOn) return socket.close();
      if (socket.readyState !== WebSocket.OPEN) return;
      isWaiting = true;
      socket.send('"hello"');
    };
    socket.on("open", () => void say());
    socket.on("message", () => {
      isWaiting = false;
      this.#counts.messages++;
      void say();
    });
    socket.on("error", () => {}); // it then closes, which says the same
    const code = await new Promise<number>((resolve) => socket.once("close", resolve));
    // A message in flight when the server announces that it goes away is not answered, and its client knows (RFC 6455,
    // 5.5.1).
    if (isWaiting && code !== GOING_AWAY) this.#lose(`${path}: a message, by ${code}`);
    return code === GOING_AWAY || !this.#isOn ? undefined : code;
  }

  #lose(what: string): void {
    this.#lost[what] = (this.#lost[what] ?? 0) + 1;
  }
}

function upload(lane: string, size: number): Ask {
  const opening = `--b\r\nContent-Disposition: form-data; name="upload"; filename="a.bin"\r\n\r\n`;
  return { path: `/upload/${lane}`, body: `${opening}${"x".repeat(size)}\r\n--b--\r\n`, right: String(size) };
}

function events(count: number): Ask {
  const right = Array.from({ length: count }, (_, n) => `data: {"data":"${n}"}\n\n`).join("");
  return { path: `/events/${count}`, right };
}

function lines(count: number): Ask {
  const right = Array.from({ length: count }, (_, n) => `"${n}"\n`).join("");
  return { path: `/lines/${count}`, right };
}

function fetchText(agent: Agent, url: string, body: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const type = body === undefined ? {} : { "content-type": "multipart/form-data; boundary=b" };
    const outgoing = request(url, {
      agent,
      signal,
      method: body === undefined ? "GET" : "POST",
      headers: type,
    });
    outgoing.on("error", reject).on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("error", reject).on("end", () => resolve(text));
    });
    outgoing.end(body);
  });
}
