import { BlockList, isIP, type Server } from "node:net";
import { addressesOf, type TrustProxy, UNIX } from "../app/settings/proxy.ts";

type TrustsHop = (address: string | undefined, hop: number) => boolean;

/**
 * Tells whose `X-Forwarded` headers count. What connects through a Unix socket has no address, so it is trusted by the
 * kind of socket that the server listens on, not by the address being missing: that of a connection that has just
 * closed is missing, too.
 */
export class TrustedProxies {
  /** As Fastify takes it. */
  readonly setting: boolean | string[] | TrustsHop;
  #listensOnUnix = false;

  constructor(trusted: TrustProxy) {
    if (typeof trusted === "boolean") this.setting = trusted;
    else if (!trusted.includes(UNIX)) this.setting = [...trusted];
    else this.setting = this.#byHop(listOf(trusted));
  }

  /** Takes note of where a server listens. */
  watch(server: Server): void {
    server.on("listening", () => {
      this.#listensOnUnix = typeof server.address() === "string";
    });
  }

  /** Only the first hop is a connection; the others are what headers say. */
  #byHop(others: BlockList): TrustsHop {
    return (address, hop) => {
      if (hop === 0 && this.#listensOnUnix) return true;
      const family = isIP(address ?? "");
      return family !== 0 && others.check(address as string, family === 4 ? "ipv4" : "ipv6");
    };
  }
}

function listOf(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const { address, bits, family } of trusted.flatMap(addressesOf)) list.addSubnet(address, bits, family);
  return list;
}
