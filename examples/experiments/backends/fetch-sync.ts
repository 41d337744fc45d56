import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";

/** The worker's answer. */
export type Fetched = { readonly text: string } | { readonly error: Error };

interface Fetcher {
  readonly port: MessagePort;
  /** Set to 1 when an answer has been sent. */
  readonly answered: Int32Array<SharedArrayBuffer>;
}

/**
 * Fetches a URL and blocks until the answer has arrived, like `requests.get` in Python. Node has no such call; packages
 * that offer one start a process or, as here, let a worker fetch while the caller sleeps in `Atomics.wait`.
 */
export function fetchSync(url: string): string {
  const { port, answered } = fetcher();
  Atomics.store(answered, 0, 0);
  port.postMessage(url);
  Atomics.wait(answered, 0, 0);
  const fetched = receiveMessageOnPort(port)?.message as Fetched;
  if ("error" in fetched) throw fetched.error;
  return fetched.text;
}

const started: Fetcher[] = [];

/** The caller's own worker, started on its first call: a few milliseconds per call instead of a process each. */
function fetcher(): Fetcher {
  if (started[0] !== undefined) return started[0];
  const { port1, port2 } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const file = new URL("./fetch-sync-worker.ts", import.meta.url);
  new Worker(file, { workerData: { port: port2, answered }, transferList: [port2] }).unref();
  port1.unref();
  started.push({ port: port1, answered });
  return { port: port1, answered };
}
