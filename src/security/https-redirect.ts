import { type AroundFunction, guarding } from "../app/around.ts";
import { redirect, text } from "../app/reply.ts";

/**
 * Redirects clients that use http to https, with 307; Starlette's `HTTPSRedirectMiddleware`. The handshake of a
 * WebSocket is redirected to wss, which browsers do not follow: they fail to connect. A request that names no valid host
 * is refused with 400, since there is nowhere to redirect it. Behind a proxy that terminates TLS it needs `trustProxy`,
 * since every request arrives from there over http. Put `trustedHosts` around it, since it redirects clients to the host
 * that they name.
 *
 * @returns The argument for `app.around`.
 * @example
 * ```ts
 * import { App } from "offloop";
 * import { httpsRedirect, trustedHosts } from "offloop/security";
 *
 * const app = new App({ trustProxy: ["10.0.0.0/8"] });
 * app.around(httpsRedirect());
 * app.around(trustedHosts(["shop.example"]));
 * ```
 */
export function httpsRedirect(): AroundFunction {
  return guarding(async ({ request }, next) => {
    const { origin, url } = request;
    // Without a host the origin is empty, and does not say whether the request came over http.
    if (origin === "") return text("Invalid host header", { status: 400 });
    if (!origin.startsWith("http:")) return next();
    const host = origin.slice("http://".length).replace(/:80$/, "");
    const scheme = request.headers.get("upgrade")?.toLowerCase() === "websocket" ? "wss" : "https";
    return redirect(`${scheme}://${host}${url.startsWith("/") ? "" : "/"}${url}`);
  });
}
