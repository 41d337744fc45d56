import { workerData } from "piscina";

export { burn, hold } from "./work.ts";

export function greet(): { hello: string } {
  return { hello: "world" };
}

Atomics.add(workerData as Int32Array, 0, 1);
