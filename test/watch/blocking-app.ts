import { execSync, spawn } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { App, Router, serve } from "offloop";

/** What blocks each operation, on lines that carry its name; answered with how long it really took. */

const [level, fifo, packageUrl] = process.argv.slice(2) as ["production" | "development", string, string];
const slowPackage = (await import(packageUrl)) as {
  spin(ms: number): Promise<void>;
  digest(rounds: number): void;
};

const app = new App({ watch: { level, onBlock: (report) => process.send?.({ report }) } });
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
const took = (start: number): { ms: number } => ({ ms: performance.now() - start });

/** Work on inputs that grow from a size on, by half of it unless told otherwise. */
interface Work<Input> {
  readonly size: number;
  readonly grow?: (size: number) => number;
  readonly make: (size: number) => Input;
  readonly use: (input: Input) => void;
}

/**
 * The first input on which the work takes this much CPU time, on a machine of any speed. CPU time, as other processes may
 * have the rest.
 */
function calibrate<Input>(cpuMs: number, { size, grow = (now) => now * 1.5, make, use }: Work<Input>): Input {
  for (let now = size; ; now = grow(now)) {
    const input = make(now);
    // The first time takes longer: memory is fetched from the system, and code is compiled.
    use(input);
    const before = process.threadCpuUsage();
    use(input);
    if (process.threadCpuUsage(before).user >= cpuMs * 1000) return input;
  }
}

const catastrophe = /^(a+)+$/;
const hanging = calibrate(250, {
  size: 20,
  grow: (n) => n + 1,
  make: (n) => `${"a".repeat(n)}b`,
  use: (text) => catastrophe.test(text),
});
const database = new DatabaseSync(":memory:");
const counting = calibrate(250, {
  size: 100_000,
  grow: (n) => n * 2,
  make: (n) =>
    `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ${n}) SELECT count(*) AS n FROM c`,
  use: (statement) => database.prepare(statement).get(),
});
const rounds = calibrate(150, {
  size: 100_000,
  grow: (n) => n * 2,
  make: (n) => n,
  use: (n) => pbkdf2Sync("a", "b", n, 64, "sha512"),
});
const bigJson = calibrate(250, {
  size: 1_000_000,
  make: (n) => `[${'"0123456789abcdef",'.repeat(n)}0]`,
  use: (text) => JSON.parse(text),
});
const items = calibrate(250, {
  size: 200_000,
  make: (n) => Array.from({ length: n }, (_, index) => ({ index, text: `row ${index}` })),
  use: (rows) => JSON.stringify(rows),
});

app.get("/spin", async () => {
  await pause();
  const start = performance.now();
  while (performance.now() - start < 400); // spin
  return took(start);
});

app.get("/pbkdf2", async () => {
  await pause();
  const start = performance.now();
  pbkdf2Sync("password", "salt", rounds * 2, 64, "sha512"); // pbkdf2
  return took(start);
});

app.get("/fifo", async () => {
  await pause();
  spawn("sh", ["-c", `sleep 0.5; echo x > ${fifo}`]);
  const start = performance.now();
  readFileSync(fifo); // fifo
  return took(start);
});

app.get("/exec", async () => {
  await pause();
  const start = performance.now();
  execSync("sleep 1"); // exec
  return took(start);
});

app.get("/announced", async () => {
  writeSync(2, "about to block\n");
  execSync("sleep 1");
});

app.get("/regex", async () => {
  await pause();
  const start = performance.now();
  catastrophe.test(hanging); // regex
  return took(start);
});

app.get("/json", async () => {
  await pause();
  const start = performance.now();
  JSON.parse(bigJson); // json
  return took(start);
});

app.get("/wait", async () => {
  await pause();
  const start = performance.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400); // wait
  return took(start);
});

app.get("/sqlite", async () => {
  await pause();
  const statement = database.prepare(counting);
  const start = performance.now();
  statement.get(); // sqlite
  return took(start);
});

app.get("/package", async () => {
  await pause();
  const start = performance.now();
  await slowPackage.spin(400); // package
  return took(start);
});

app.get("/package-native", async () => {
  await pause();
  const start = performance.now();
  slowPackage.digest(rounds * 2); // package-native
  return took(start);
});

const inside = new Router();
inside.around(async (_context, next) => {
  const reply = await next();
  return reply;
});
inside.get("/encode", async () => items);
inside.get("/json-inside", async () => {
  JSON.parse(bigJson); // json-inside
});
app.include(inside);

const nightly = app.task("nightly", async () => {
  await pause();
  const start = performance.now();
  while (performance.now() - start < 400); // nightly
  process.send?.({ taskMs: performance.now() - start });
});
app.get("/task", async ({ background }) => background.add(nightly));

let open = Promise.withResolvers<void>();
let arrived = 0;
const gate = (): Promise<void> => {
  arrived++;
  return open.promise;
};

// Continuations of the same promise run in one go: a native call ends the first, and the others follow at once.
app.get("/queued-first", async () => {
  await gate();
  pbkdf2Sync("password", "salt", rounds * 2, 64, "sha512"); // queued-first
});
app.get("/queued-after", async () => {
  await gate();
  return [1, 2, 3].map((n) => n * 2);
});
app.get("/arrived", async () => arrived);
app.get("/open", async () => {
  open.resolve();
  open = Promise.withResolvers();
  arrived = 0;
});

let free = Promise.withResolvers<void>();
app.get("/held-a", async () => free.promise);
app.get("/held-b", async () => free.promise);
app.get("/free", async () => {
  free.resolve();
  free = Promise.withResolvers();
});

let turn = 0;
app.get("/now-and-then", async () => {
  await pause();
  const start = performance.now();
  if (++turn % 100 === 0) while (performance.now() - start < 150); // now-and-then
});
app.get("/never", async () => {
  await pause();
  JSON.stringify({ a: [1, 2, 3] });
});

const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent" });
process.send?.({ url: server.url });
process.on("message", () => void server.close().then(() => process.disconnect()));
