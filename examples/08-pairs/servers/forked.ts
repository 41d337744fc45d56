import { fork } from "node:child_process";
import { once } from "node:events";

/** A server in a process of its own, which ends with this one. */
export interface ForkedServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Runs a module that sends its port once it listens, and ends when it is disconnected. */
export async function forkServer(module: URL, args: readonly string[] = []): Promise<ForkedServer> {
  const child = fork(module, args);
  const [port] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`${module.pathname} ended with ${code} before it listened`);
    }),
  ])) as [number];
  const stop = async (): Promise<void> => {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  };
  return { port, stop };
}
