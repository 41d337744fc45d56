import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** A port that is free now: processes that share one, or that replace each other, must be told which. */
export async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, "close");
  return port;
}
