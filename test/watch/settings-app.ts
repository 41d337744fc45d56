import { EventEmitter, once } from "node:events";
import inspector from "node:inspector";
import { App, type BlockReport, serve } from "offloop";

/** Blocks in the way its argument says and prints how many reports name the culprit: a process for each way. */

const [mode, generated] = process.argv.slice(2) as [
  "once" | "repeat" | "debugger" | "unwatched" | "off" | "failing" | "unread",
  string | undefined,
];
const app = new App({ title: "settings" });
/** By time on the CPU: other processes may have the rest. */
const block = (ms: number): void => {
  const start = process.threadCpuUsage();
  while (process.threadCpuUsage(start).user < ms * 1_000);
};
const served = generated === undefined ? { block } : ((await import(generated)) as { block: typeof block });
let sleeps = false;
app.get("/block", async () => {
  if (sleeps) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  else served.block(300);
});

const events = new EventEmitter();
let reports = 0;
/** These ways are about reports as such, whoever is to blame: on a busy machine that may be nobody. */
const countsAll = mode === "failing" || mode === "unread";
const onBlock = ({ culprits }: BlockReport): void => {
  if (!countsAll && culprits[0]?.operation !== "GET /block") return;
  reports++;
  events.emit("report");
  if (mode === "failing") throw new Error("not delivered");
};
const server = await serve(app, { port: 0, accessLog: false, watch: mode === "off" ? false : { onBlock } });
block(300); // while it starts, nobody waits

const ask = async (isReported: boolean): Promise<void> => {
  const report = isReported ? once(events, "report") : undefined;
  await (await fetch(`${server.url}/block`)).text();
  await report;
};

if (mode === "once" || mode === "repeat") await ask(true);
if (mode === "repeat") await ask(true);
if (countsAll) for (let round = 0; round < 2; round++) await ask(true);
if (mode === "off" || mode === "unwatched") await ask(false);
if (mode === "debugger") {
  inspector.open(0);
  await ask(process.platform === "linux");
  sleeps = true;
  await ask(false);
  inspector.close();
  // The loop notices at its next beat that the debugger has gone.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await ask(true);
}
console.log(JSON.stringify({ reports }));
await server.close();
