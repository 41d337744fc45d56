import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const LISTEN = "0A";
const ESTABLISHED = "01";

interface SocketRow {
  readonly port: string;
  readonly state: string;
  readonly unreadBytes: boolean;
  readonly inode: string;
}

/**
 * Connections to this process that have sent something it has not read, including those it has not accepted yet: they
 * wait while the loop is blocked. Linux only; undefined elsewhere.
 */
export function waitingConnections(): number | undefined {
  try {
    const rows = ["tcp", "tcp6"].flatMap(readSockets);
    const own = ownSockets();
    const ports = new Set(
      rows.flatMap(({ state, inode, port }) => (state === LISTEN && own.has(inode) ? [port] : [])),
    );
    return rows.filter(
      ({ state, port, unreadBytes }) => state === ESTABLISHED && unreadBytes && ports.has(port),
    ).length;
  } catch {
    return undefined;
  }
}

/** See proc_net_tcp(5): local address, remote address, state, tx:rx queue, ..., inode. */
function readSockets(protocol: string): SocketRow[] {
  const lines = readFileSync(`/proc/self/net/${protocol}`, "latin1").split("\n").slice(1);
  return lines.flatMap((line) => {
    const [, local, , state, queues, , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || state === undefined || queues === undefined || inode === undefined) return [];
    return [{ port: local.split(":")[1] ?? "", state, unreadBytes: !queues.endsWith(":00000000"), inode }];
  });
}

function ownSockets(): Set<string> {
  const links = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
