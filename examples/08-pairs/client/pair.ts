/** A way to wait for something, and its expected result. */
export interface Way {
  readonly what: string;
  readonly path: string;
  /** Where it must run. */
  readonly lane: "loop" | "thread";
  /** The line that blocks the loop, by its file: it is marked there. */
  readonly trap?: string;
  /** The line that the guard reports, though it blocks nothing. */
  readonly told?: string;
  /** How many waits it takes: code that computes afterwards does so for one more. */
  readonly waits: number;
}

/** The ways to wait for one thing. */
export interface Pair {
  readonly name: string;
  readonly server: string;
  readonly ways: readonly Way[];
}

const plain = (what: string, path: string): Way => ({ what, path, lane: "thread", waits: 1 });
const async = (what: string, path: string): Way => ({ what, path, lane: "loop", waits: 1 });
const trap = (what: string, path: string, file: string): Way => ({
  what,
  path,
  lane: "loop",
  trap: `operations/${file}.ts`,
  waits: 1,
});
const onThread = (what: string, path: string): Way => ({ what, path, lane: "thread", waits: 2 });

const http: Pair = {
  name: "HTTP",
  server: "a slow server",
  ways: [
    plain("plain, synckit around fetch", "/http/plain"),
    async("async, fetch", "/http/async"),
    trap("async, synckit", "/http/trap", "http"),
    onThread("async on a thread, fetch then CPU", "/http/thread"),
  ],
};

const s3: Pair = {
  name: "S3",
  server: "s3rver",
  ways: [
    plain("plain, synckit around @aws-sdk/client-s3", "/s3/plain"),
    async("async, @aws-sdk/client-s3", "/s3/async"),
    trap("async, synckit", "/s3/trap", "s3"),
    onThread("async on a thread, S3 then CPU", "/s3/thread"),
  ],
};

const fifo: Pair = {
  name: "A named pipe",
  server: "who writes it",
  ways: [
    plain("plain, readFileSync", "/fifo/plain"),
    async("async, fs/promises", "/fifo/async"),
    async("async, createReadStream", "/fifo/stream"),
    trap("async, readFileSync", "/fifo/trap", "fifo"),
    onThread("async on a thread, fs/promises then CPU", "/fifo/thread"),
  ],
};

const disk: Pair = {
  name: "Large files",
  server: "the disk",
  ways: [
    plain("plain, copyFileSync", "/disk/plain"),
    async("async, fs/promises", "/disk/async"),
    trap("async, copyFileSync", "/disk/trap", "disk"),
    { ...onThread("async on a thread, fs/promises then CPU", "/disk/thread"), waits: 1 },
  ],
};

const postgres = (server: string): Pair => ({
  name: "PostgreSQL",
  server,
  ways: [
    plain("plain, synckit around pg", "/postgres/plain"),
    async("async, pg", "/postgres/async"),
    async("async, postgres", "/postgres/async-postgres"),
    trap("async, synckit", "/postgres/trap", "postgres"),
    onThread("async on a thread, pg then CPU", "/postgres/thread"),
  ],
});

const mysql = (server: string): Pair => ({
  name: "MySQL",
  server,
  ways: [
    plain("plain, synckit around mysql2", "/mysql/plain"),
    async("async, mysql2/promise", "/mysql/async"),
    async("async, mariadb", "/mysql/async-mariadb"),
    trap("async, synckit", "/mysql/trap", "mysql"),
    onThread("async on a thread, mysql2 then CPU", "/mysql/thread"),
  ],
});

const sqlite: Pair = {
  name: "SQLite",
  server: "a file",
  ways: [
    plain("plain, node:sqlite", "/sqlite/plain"),
    plain("plain, better-sqlite3", "/sqlite/plain-better"),
    trap("async, node:sqlite", "/sqlite/trap", "sqlite"),
    trap("async, better-sqlite3", "/sqlite/trap-better", "sqlite"),
  ],
};

const background = (server: string): Pair => ({
  name: "A background task that queries",
  server,
  ways: [
    plain("plain, synchronous session", "/background/plain"),
    async("async, asynchronous session", "/background/async"),
    trap("async, synchronous session", "/background/trap", "background"),
    {
      ...plain("plain, returns a promise", "/background/promise"),
      told: "operations/background.ts",
    },
  ],
});

/** What is measured, in the order of the table; without MySQL if there is no server. */
export function pairsFor({
  postgres: pg,
  mysql: my,
}: {
  postgres: string;
  mysql: string | undefined;
}): Pair[] {
  return [
    http,
    s3,
    fifo,
    disk,
    postgres(pg),
    ...(my === undefined ? [] : [mysql(my)]),
    sqlite,
    background(pg),
  ];
}
