import { type AroundFunction, guarding } from "../app/around.ts";
import { text } from "../app/reply.ts";
import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";

/**
 * Refuses requests for hosts other than these with 400, so that nobody can have links made to a host of their own;
 * Starlette's `TrustedHostMiddleware`. It also refuses the handshakes of WebSockets. Health probes and metrics are
 * exempt: they are requested by address.
 *
 * @param hosts - Names without ports: `"shop.example"`; `"*.shop.example"` stands for all that end so.
 * @returns The argument for `app.around`.
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless each is the name of a host.
 * @example
 * ```ts
 * import { App } from "offloop";
 * import { trustedHosts } from "offloop/security";
 *
 * const app = new App();
 * app.around(trustedHosts(["shop.example", "*.shop.example"]));
 * ```
 */
export function trustedHosts(hosts: readonly string[]): AroundFunction {
  if (!Array.isArray(hosts)) throw noHost("the hosts", hosts, "a list of names");
  const names = hosts.map(checkHost);
  return guarding(async ({ request }, next) => {
    const host = hostOf(request.origin);
    const isTrusted = names.some((name) =>
      name.startsWith("*") ? host.endsWith(name.slice(1)) : host === name,
    );
    return isTrusted ? next() : text("Invalid host header", { status: 400 });
  });
}

/** Without its port, and in lower case: clients may write the same host in upper case. */
function hostOf(origin: string): string {
  const host = origin.slice(origin.indexOf("//") + 2).toLowerCase();
  return host.replace(/:\d*$/, "");
}

function checkHost(host: unknown): string {
  if (typeof host === "string" && /^(\*\.)?[^*\s/:]+$|^\[[\da-f:.]+\]$/i.test(host))
    return host.toLowerCase();
  throw noHost("the host", host, "a name without scheme and port");
}

function noHost(what: string, given: unknown, expected: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot trust ${what} ${shownValue(given)}: expected ${expected}`,
    { at: callerLocation(), fix: 'write it like ["shop.example", "*.shop.example"]' },
  );
}
