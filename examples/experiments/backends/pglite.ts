import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** The result of a query. */
export interface Result {
  readonly rows: readonly Record<string, unknown>[];
}

/** A message to the thread. */
export interface Question {
  readonly id: number;
  readonly sql: string;
}

/** The thread's answer. */
export type Answer = { readonly id: number } & (Result | { readonly error: Error });

/** PGlite, seen from outside its thread. */
export interface Pglite {
  /** The version of PostgreSQL it was compiled from. */
  readonly version: string;
  query(sql: string): Promise<Result>;
  close(): Promise<unknown>;
}

/**
 * Starts PGlite, PostgreSQL compiled to WebAssembly, in a thread of its own: in ours, each SELECT would block the loop.
 */
export async function startPglite(): Promise<Pglite> {
  const worker = new Worker(new URL("./pglite-thread.ts", import.meta.url));
  const [version] = (await once(worker, "message")) as [string];
  const waiting = new Map<number, PromiseWithResolvers<Result>>();
  let asked = 0;
  worker.on("message", (answer: Answer) => {
    const question = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("error" in answer) question?.reject(answer.error);
    else question?.resolve(answer);
  });
  const query = (sql: string): Promise<Result> => {
    const question: Question = { id: asked++, sql };
    const answer = Promise.withResolvers<Result>();
    waiting.set(question.id, answer);
    worker.postMessage(question);
    return answer.promise;
  };
  return { version, query, close: () => worker.terminate() };
}
