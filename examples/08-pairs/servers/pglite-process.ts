import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

// PostgreSQL compiled to WebAssembly, behind a socket: for machines without PostgreSQL. It runs one query at a time.

const database = await PGlite.create();
const server = new PGLiteSocketServer({ db: database, host: "127.0.0.1", port: 0, maxConnections: 20 });
await server.start();

process.send?.(Number(/:(\d+)/.exec(server.getServerConn())?.[1]));
process.on("SIGINT", () => {}); // Ctrl+C reaches this process too, and the app may still have to finish a request
process.once("disconnect", () => process.exit());
