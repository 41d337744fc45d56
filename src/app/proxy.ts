import { isIP } from "node:net";
import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

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
  const wrong = Array.isArray(trusted) ? trusted.find((one) => !isAddress(one)) : trusted;
  if (Array.isArray(trusted) && wrong === undefined) return trusted;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use trustProxy: expected addresses or subnets, got ${shownValue(wrong)}`,
    { fix: 'list your proxies, like ["10.0.0.0/8"]' },
  );
}

const names = ["loopback", "linklocal", "uniquelocal"];

function isAddress(text: unknown): boolean {
  if (typeof text !== "string") return false;
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (bits === undefined || family === 0) return family !== 0 || names.includes(text);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) && rest.length === 0;
}
