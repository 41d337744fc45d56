import { isIP } from "node:net";
import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";

/** Which proxies to trust: any that connects, none, or these. */
export type TrustProxy = boolean | readonly string[];

/**
 * The path as it appears in URLs, without a trailing slash.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless it is a path.
 */
export function resolveRootPath(path: unknown): string {
  if (typeof path === "string" && /^(\/[^?#\s]*)?$/.test(path))
    return withoutLastSlashes(encodeURI(path.toWellFormed()).replaceAll("%25", "%"));
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use rootPath: expected a path that starts with "/", got ${shownValue(path)}`,
    { fix: 'pass the prefix that the proxy puts before your paths, like "/api/v1"' },
  );
}

function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` for an invalid address. */
export function resolveTrustProxy(trusted: unknown): TrustProxy {
  if (typeof trusted === "boolean") return trusted;
  const wrong = Array.isArray(trusted) ? trusted.find((one) => !isTrustable(one)) : trusted;
  if (Array.isArray(trusted) && wrong === undefined) return trusted;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use trustProxy: expected addresses, subnets or "${UNIX}", got ${shownValue(wrong)}`,
    { fix: 'list your proxies, like ["10.0.0.0/8"]' },
  );
}

/** Stands for whoever connects through the Unix socket that the server listens on. */
export const UNIX = "unix";

/** Names of subnets, as Fastify has them. */
const subnets: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  uniquelocal: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

function isTrustable(text: unknown): boolean {
  if (typeof text !== "string") return false;
  if (text === UNIX || Object.hasOwn(subnets, text)) return true;
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (bits === undefined || family === 0) return family !== 0;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) && rest.length === 0;
}

/** A subnet, or a single address as a subnet of its own. */
interface Subnet {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** The subnets that an entry of `trustProxy` stands for: none for `"unix"`. */
export function addressesOf(entry: string): Subnet[] {
  if (entry === UNIX) return [];
  return (subnets[entry] ?? [entry]).map((text) => {
    const [address = "", bits] = text.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    return { address, family, bits: Number(bits ?? (family === "ipv4" ? 32 : 128)) };
  });
}
