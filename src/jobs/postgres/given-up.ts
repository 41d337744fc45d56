import { connect } from "node:net";

/** A connection of the pool, as `pg` has it. */
interface Connection {
  readonly host: string;
  readonly port: number;
  /** What the server has named the connection, and what proves that a request to cancel comes from its client. */
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/** The pool of pg-boss. `release` comes before a connection that is given back is closed or used again. */
interface Pool {
  on(event: "release", listener: (error: unknown, connection: Connection) => void): unknown;
}

/** Stands for the protocol's version in a request to cancel. */
const CANCEL = 80_877_102;
/** Where the network is cut, nobody answers. */
const CONNECT_MS = 5_000;

/**
 * Ends, at the server, the statements that this process no longer waits for. Closing their connections does not: one
 * that waits for a lock would keep the server's process, and while a table is locked a busy app would take up all of
 * `max_connections`.
 *
 * @param database - What pg-boss runs its statements on.
 */
export function cancelGivenUp(database: object): void {
  const { pool } = database as { readonly pool?: Pool };
  pool?.on("release", (error, connection) => {
    if (isUnanswered(error)) cancel(connection);
  });
}

/** Errors of the server or the system have a code. */
function isUnanswered(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === undefined;
}

function cancel({ host, port, processID, secretKey }: Connection): void {
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  for (const [index, value] of [request.length, CANCEL, processID, secretKey].entries())
    request.writeInt32BE(value | 0, index * 4);
  const socket = connect(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  socket.setTimeout(CONNECT_MS, () => socket.destroy());
  socket.on("error", () => {}); // the statement has gone with its server, or ends by itself
  socket.unref();
  socket.end(request);
}
