import { fork } from "node:child_process";
import { once } from "node:events";

/** Sockets, and what they send. */
export interface SocketLoad {
  readonly url: string;
  /** How many on each path. */
  readonly paths: readonly (readonly [path: string, count: number])[];
  /** Messages that each sends per second; 0 for none but those in flight. */
  readonly perSecond: number;
  /** Messages of each that are in flight at any time: the next goes out when an answer arrives. */
  readonly inFlight: number;
}

/** The outcome. */
export interface SocketsDone {
  /** Answers per second, over all sockets. */
  readonly perSecond: number;
  readonly answered: number;
  /** Messages without an answer 10 s after the last was sent. */
  readonly unanswered: number;
  /** Answers that arrived out of their socket's order. */
  readonly misordered: number;
}

/** Open sockets, in a process of their own. */
export interface OpenLoad {
  go(): void;
  stop(): Promise<SocketsDone>;
  end(): Promise<void>;
}

export async function openSockets(load: SocketLoad): Promise<OpenLoad> {
  const child = fork(new URL("./socket-load-process.ts", import.meta.url));
  child.send(load);
  await once(child, "message");
  return {
    go: () => void child.send("go"),
    stop: async () => {
      child.send("stop");
      const [done] = (await once(child, "message")) as [SocketsDone];
      return done;
    },
    end: async () => {
      if (child.exitCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
