import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Question, Told } from "./server.ts";

export type State = Extract<Told, { rss: number }>;

/** The soaked server, in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  state(): Promise<State>;
  /** The same once no call runs or waits, and garbage has been collected. */
  settled(): Promise<State>;
  /** Closes it, waits until it has ended by itself, and returns the handles it had left open. */
  close(): Promise<readonly string[]>;
  /** Whether it has ended without being asked to. */
  readonly hasDied: boolean;
}

const END_MS = 10_000;

/** @param temporary - The folder for its uploads. */
export async function startServer(temporary: string): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL("./server.ts", import.meta.url)), {
    execArgv: ["--conditions=offloop:source", "--expose-gc"],
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ask = async (question: Question): Promise<Told> => {
    child.send(question);
    const [told] = (await once(child, "message")) as [Told];
    return told;
  };
  const dead = once(child, "exit").then(() =>
    Promise.reject(new Error("the server ended before it listened")),
  );
  const [hello] = (await Promise.race([once(child, "message"), dead])) as [Extract<Told, { url: string }>];
  dead.catch(() => {}); // from then on close() deals with it
  return {
    url: hello.url,
    state: async () => (await ask("state")) as State,
    settled: async () => (await ask("settled")) as State,
    close: async () => {
      const { left } = (await ask("close")) as Extract<Told, { left: readonly string[] }>;
      const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
      const [, signal] = child.exitCode === null ? await once(child, "exit") : [0, null];
      clearTimeout(timer);
      return signal === null ? left : [...left, `(did not end by itself: ${signal})`];
    },
    get hasDied() {
      return child.exitCode !== null || child.signalCode !== null;
    },
  };
}
