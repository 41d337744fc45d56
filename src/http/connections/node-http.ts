/**
 * node:http as `require` gives it. An import would read all that it exports, and so load Node's WebSocket with undici,
 * which nothing here uses: a third of the time that the server takes to load.
 */
export const nodeHttp: typeof import("node:http") = process.getBuiltinModule("node:http");
