import { fork } from "node:child_process";
import { once } from "node:events";

/** A lifespan: the slow server, in a process of its own, since it must answer even while our loop stands still. */
export async function* startSlowServer(): AsyncGenerator<undefined, void, void> {
  const child = fork(new URL("./slow-server-process.ts", import.meta.url));
  const [port] = (await once(child, "message")) as [number];
  // Threads start later, with a copy of the environment: they find it, too.
  process.env.SLOW_SERVER = `http://127.0.0.1:${port}`;
  yield;
  child.kill();
}

/** The slow server's URL that answers after this many seconds. */
export function slowUrl(seconds: number): string {
  return `${process.env.SLOW_SERVER}/?seconds=${seconds}`;
}
