import { setTimeout } from "node:timers/promises";
import { get } from "./request.ts";

/** Resolves when a call is waiting at the slow server: its caller is in the middle of it. */
export async function slowCallArrived(slowServer: string): Promise<void> {
  while ((await get<number>(`${slowServer}/calls`)).body === 0) await setTimeout(1);
}
