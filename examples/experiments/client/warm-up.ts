import type { Ready } from "../serve.ts";
import { get, getMany } from "./request.ts";
import { slowCallArrived } from "./slow-calls.ts";

interface RanOn {
  readonly thread: number;
}

/**
 * Makes the pool start all its threads, including the express lane's. They start on demand, which takes a moment each,
 * and leave when idle: without this, the starts would blur the first wave of short waits.
 */
export async function warmUp({ url, slowServer, threads }: Ready): Promise<void> {
  for (let round = 0; round < 100; round++) {
    // A tenth of a second is long enough not to count as a short operation.
    const long = getMany<RanOn>(`${url}/path-operations/plain?seconds=0.1`, threads);
    await slowCallArrived(slowServer);
    const short = await get<RanOn>(`${url}/path-operations/plain-short`);
    const seen = new Set([...(await long), short].map(({ body }) => body.thread));
    if (seen.size > threads) return;
  }
  throw new Error(
    `Cannot have ${threads} long calls and a short one run at a time: the pool gives fewer threads`,
  );
}
